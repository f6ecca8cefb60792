"""What stores answer to requests that they refuse, recorded, each with the truth that ``explain`` has to name."""
