"""One line for what notebooks do by hand: write an object and sign its link, or ask somebody for an upload."""
