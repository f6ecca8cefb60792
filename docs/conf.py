from __future__ import annotations

import sys
from pathlib import Path

import daypass

# What takes the pictures, and what tests drive a browser with.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "daypass"
author = "The daypass founders"
project_copyright = "The daypass founders"
version = release = daypass.__version__

# The reference is written by `python docs/from_code`, so that it can be read without Sphinx too.
extensions = ["myst_parser", "screenshots"]
html_theme = "furo"
html_title = f"daypass {release}"
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
