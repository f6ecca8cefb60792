"""The service behind the links; it needs the extra ``server``."""
