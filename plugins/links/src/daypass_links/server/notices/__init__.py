"""Who made a link is told before it ends: by a webhook, by mail, or by both."""
