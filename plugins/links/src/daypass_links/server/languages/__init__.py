"""What the service says to people, on its pages and in its mails: a file of words for each language."""
