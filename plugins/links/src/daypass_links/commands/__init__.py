"""Commands: ``daypass link``, ``links`` and ``serve``."""
