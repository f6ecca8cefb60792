from __future__ import annotations

import daypass

project = "daypass"
author = "The daypass founders"
project_copyright = "The daypass founders"
version = release = daypass.__version__

# The reference is written by `python docs/from_code`, so that it can be read without Sphinx too.
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"daypass {release}"
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
