"""Links: made, looked up, used, and taken back."""
