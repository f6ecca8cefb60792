"""A manifest on the command line: ``daypass sign --from`` and ``daypass head --from``."""
