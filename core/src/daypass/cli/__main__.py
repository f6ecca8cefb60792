"""``python -m daypass.cli`` is the command ``daypass``."""

import sys

from daypass.cli import main

sys.exit(main())
