from __future__ import annotations

import sys
from pathlib import Path

import daypass

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "daypass"
author = "The daypass founders"
project_copyright = "The daypass founders"
version = release = daypass.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "capabilities",
    "options_table",
]
html_theme = "furo"
html_title = f"daypass {release}"
exclude_patterns = ["_build", "extensions"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what is taken, in words
autoclass_content = "class"
napoleon_numpy_docstring = False
# Docstrings put code in single backticks; what they name is found by the search.
default_role = "code"

# Everything outside daypass: finding it would take other projects' inventories, so a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!daypass\b).*")]
