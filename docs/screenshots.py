"""The pages of the links service as pictures, taken with each build: ``<!-- screenshot: links -->`` shows one, by its name in `pictures.PAGES`.

They need a browser. ``sphinx-build -D screenshots=0`` leaves them out.
"""

from __future__ import annotations

import re
from pathlib import Path

import pictures
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from daypass.demo.server import ServerError
from daypass.errors import DaypassError
from tests.servers.install import MissingServerError

#: Below what is built.
_FOLDER = "_screenshots"


#: As a comment, since the texts are read in the repository too.
_PLACE = re.compile(r"^<!-- screenshot: ([\w-]+) -->$", re.MULTILINE)


class Screenshot(SphinxDirective):
    """Shows the picture of a page that goes with the reader's mode."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the picture; nothing where they are left out."""
        shown = {page.name: page for page in pictures.PAGES}[self.arguments[0]]
        if not self.config.screenshots:
            return []
        up = "../" * self.env.docname.count("/")
        # The theme's own classes, since its reader may have chosen another mode than the system's.
        images = (
            f'<img class="only-{mode}" src="{up}{_FOLDER}/{shown.name}-{mode}.png" alt="{shown.alt}" loading="lazy">'
            for mode in ("light", "dark")
        )
        return [nodes.raw("", f"<p>{''.join(images)}</p>", format="html")]


def _place(_: Sphinx, __: str, source: list[str]) -> None:
    source[0] = _PLACE.sub(r"```{screenshot} \1\n```", source[0])


def _take_all(app: Sphinx) -> None:
    if not app.config.screenshots:
        return
    try:
        pictures.take(Path(app.outdir) / _FOLDER)
    except (MissingServerError, ServerError, DaypassError) as error:
        msg = f"no pictures of pages could be taken: {error}; sphinx-build -D screenshots=0 leaves them out"
        raise SystemExit(msg) from None  # of any other error Sphinx makes a report of forty lines


def setup(app: Sphinx) -> dict[str, bool]:
    """Have Sphinx take the pictures, and know where one is shown."""
    app.add_config_value("screenshots", default=True, rebuild="env", types=[bool])
    app.add_directive("screenshot", Screenshot)
    app.connect("builder-inited", _take_all)
    app.connect("source-read", _place)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
