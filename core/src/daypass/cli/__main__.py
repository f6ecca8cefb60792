"""``python -m daypass.cli`` is the command ``daypass``."""

from __future__ import annotations

import sys

from daypass.cli import main

sys.exit(main())
