"""``UploadForm``: a temporary form by which a browser, or curl, uploads a file."""

from __future__ import annotations

import html
import json
import mimetypes
import re
import shlex
from collections.abc import Mapping
from datetime import datetime

import attrs

from daypass.errors import InvalidRequestError
from daypass.results import link_card

__all__ = ["UploadForm"]

#: Fields that make the form work, and a customer's own encryption key.
_SECRET_FIELD = re.compile(
    r"policy|.*signature|.*(?:credential|token)|.*(?:customer|encryption)-key(?!-sha256|-md5|-id)",
    re.IGNORECASE,
)
#: What fills the field in once a file is chosen; the attribute works where scripts do.
_DECLARE = (
    "var f = this.form.elements[{name}], t = this.files[0] &amp;&amp; this.files[0].type; "
    "if (t) f.value = t"
)


def mask_fields(fields: Mapping[str, str]) -> str:
    """Show the fields without what makes the form work."""
    return repr(
        {name: "****" if _SECRET_FIELD.fullmatch(name) else value for name, value in fields.items()}
    )


@attrs.frozen
class UploadForm:
    """A temporary form: its fields, and all that its holder must know.

    Its repr masks the signature, so that a notebook or a log does not hand out access.
    """

    #: Where the form is sent to: the bucket's URL. Without the fields it opens nothing.
    url: str
    #: The fields to send before the file, which comes last, as ``multipart/form-data``.
    fields: dict[str, str] = attrs.field(repr=mask_fields, hash=False)
    #: Fields whose value the sender chooses, and what it must begin with: ``Content-Type`` with
    #: ``content_type_prefix``, and ``key`` where it ends in ``${filename}``.
    starts_with: dict[str, str] = attrs.field(hash=False)
    #: When it really ends (aware, UTC): the earlier of request and credential.
    expires_at: datetime
    #: ``"requested"``, or a sentence on why the form ends or may end earlier.
    expires_because: str
    #: Options that were asked for, and that the store does not enforce.
    unenforced: frozenset[str]
    #: The path it was made for.
    path: str
    #: The backend that made it.
    backend: str

    @property
    def method(self) -> str:
        """The HTTP method of the form."""
        return "POST"

    @property
    def permits(self) -> frozenset[str]:
        """The methods that the form really allows."""
        return frozenset({"POST"})

    def html(self) -> str:
        """Return the form as HTML, to be put into any page.

        It is written in ASCII and sends UTF-8 whatever the page's encoding is. Where the sender
        declares the media type, the browser's guess is filled in by an inline script; a page whose
        Content-Security-Policy forbids those must fill the field in itself.
        """
        attributes = 'method="post" enctype="multipart/form-data" accept-charset="utf-8"'
        lines = [f'<form action="{html.escape(self.url)}" {attributes}>']
        for name, value in {**self.fields, **self._open()}.items():
            lines.append(
                f'  <input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            )
        declare = "".join(
            f' onchange="{_DECLARE.format(name=html.escape(json.dumps(name)))}"'
            for name in self._open()
        )
        lines += [
            f'  <input type="file" name="file" required{declare}>',
            '  <button type="submit">Upload</button>',
            "</form>",
        ]
        return "\n".join(lines).encode("ascii", "xmlcharrefreplace").decode()

    def curl(self, file: str, *, content_type: str | None = None) -> str:
        """Return a shell command that uploads a file by the form.

        Args:
            file: the file to upload.
            content_type: its media type, where the form leaves it to the sender; by default it is
                guessed from the file's name.

        Raises:
            InvalidRequestError: if the media type does not begin with what the form asks for.

        """
        words = ["curl", "--fail"]
        if set("[]{}").intersection(self.url + file):
            words.append("--globoff")
        declared = dict.fromkeys(self._open(), content_type or mimetypes.guess_type(file)[0] or "")
        for name, value in declared.items():
            if not value.startswith(self.starts_with[name]):
                msg = f"{name} must begin with {self.starts_with[name]!r}, and {value!r} does not: give content_type="
                raise InvalidRequestError(msg, option="content_type")
        for name, value in {**self.fields, **declared}.items():
            words += ["--form-string", f"{name}={value}"]
        name = file.replace("\\", "\\\\").replace('"', '\\"')
        return shlex.join([*words, "--form", f'file=@"{name}"', self.url])

    def _open(self) -> dict[str, str]:
        """Return the fields that the form does not fill in, with what they must begin with."""
        return {name: value for name, value in self.starts_with.items() if name not in self.fields}

    def _repr_html_(self) -> str:
        """Render a card for notebooks, signature masked."""
        rows = {
            "form": f"POST {self.url}",
            "key": self.fields.get("key", ""),
            "ends": f"{self.expires_at:%Y-%m-%d %H:%M:%S} UTC ({self.expires_because})",
        }
        return link_card(rows, self.unenforced)
