"""Pages for people with a browser: templates, words in their language, and what they do there. Nothing but the application knows them."""
