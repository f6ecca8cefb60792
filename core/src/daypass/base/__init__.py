"""What every room may use: how messages, times, URLs and secrets are written. It knows no link."""
