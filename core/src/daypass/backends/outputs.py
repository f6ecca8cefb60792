"""What cells of notebooks show, masked before it is saved: in the kernel that shows it, and on the server that saves it.

Neither Jupyter nor IPython is imported: outputs are dicts, and who loads an extension or a hook brings them along.
"""

from __future__ import annotations

import json
import re
import warnings
from functools import partial
from typing import Any

from daypass.backends.redaction import redact
from daypass.base.secrets import MASK
from daypass.model.cards import QR_TEXT

__all__ = ["load_ipython_extension", "mask_before_saving", "unload_ipython_extension"]

#: Messages of a kernel that become outputs, or that programs which run notebooks tell errors by.
_SHOWN = frozenset(
    {"display_data", "error", "execute_reply", "execute_result", "stream", "update_display_data"}
)
#: In base64, where no text is.
_BINARY = (
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "application/pdf",
    "audio/",
    "video/",
)
#: A link that somebody asked to see as a picture, in HTML or in what holds HTML, such as the state of a widget.
_QR_CODE = re.compile(
    rf"{QR_TEXT}(?P<between>[^<>]{{1,60}}?data:image[^<>,]{{1,30}}base64,)(?:[A-Za-z0-9+=%]|\\*/)+"
)
_WITHOUT = rf"{QR_TEXT}, which is not kept\g<between>"


def mask_before_saving(model: dict[str, Any], contents_manager: Any = None, **_: Any) -> None:
    """Mask signatures and tokens in the outputs of a notebook that a Jupyter server is about to save.

    It is a hook of the server's contents manager; in ``jupyter_server_config.py``::

        from daypass import mask_before_saving

        c.FileContentsManager.pre_save_hook = mask_before_saving

    Outputs, widgets' states and other metadata are masked as by `redact`; QR codes of links are taken out. What somebody wrote into a cell is
    left as it is, and the server's log names the cell.

    Args:
        model: what is to be saved; it is changed in place, where it is a notebook.
        contents_manager: the server's, which is told of cells with a secret.

    """
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    content["metadata"] = _masked_json(content.get("metadata", {}))
    for number, cell in enumerate(content.get("cells", ()), 1):
        cell["metadata"] = _masked_json(cell.get("metadata", {}))
        for output in cell.get("outputs", ()):
            _mask_output(output)
        source = _joined(cell.get("source", ""))
        if contents_manager is not None and redact(source) != source:
            contents_manager.log.warning(
                "daypass: cell %d holds a signature or a token in what was written into it, which is saved as it is",
                number,
            )


def load_ipython_extension(shell: Any) -> None:
    """Mask what this kernel shows from now on: ``%load_ext daypass``. Where there is no kernel it warns that nothing is masked.

    Args:
        shell: IPython's.

    """
    session = _session_of(shell)
    if session is None:
        msg = "%load_ext daypass masks what a notebook's kernel shows: here is none, so nothing is saved and nothing masked"
        warnings.warn(msg, stacklevel=2)
        return
    if "send" in vars(session):
        return
    # One place that all of it passes: streams, results, displays and errors have a way of their own each.
    session.send = partial(_send, session.send)


def unload_ipython_extension(shell: Any) -> None:
    """Show again what is shown: ``%unload_ext daypass``.

    Args:
        shell: IPython's.

    """
    session = _session_of(shell)
    if session is not None:
        vars(session).pop("send", None)


def _session_of(shell: Any) -> Any:
    """Return what sends a kernel's messages; None where there is no kernel."""
    return getattr(getattr(shell, "kernel", None), "session", None)


def _send(
    send: Any, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **kwargs: Any
) -> Any:
    """Send a message of a kernel, given whole or by its type and content."""
    if isinstance(msg_or_type, str):
        if msg_or_type in _SHOWN and isinstance(content, dict):
            content = _mask_output({**content})
    elif isinstance(msg_or_type, dict) and msg_or_type.get("msg_type") in _SHOWN:
        masked = _mask_output({**msg_or_type.get("content", {})})
        msg_or_type = {**msg_or_type, "content": masked}
    return send(stream, msg_or_type, content, *args, **kwargs)


def _mask_output(output: dict[str, Any]) -> dict[str, Any]:
    """Mask an output, or the content of the message that becomes one; both have the same parts."""
    for name, value in output.items():
        if name == "data" and isinstance(value, dict):
            output[name] = {kind: _masked_data(kind, data) for kind, data in value.items()}
        elif name == "traceback" and isinstance(value, list):
            output[name] = [_masked_text(frame) for frame in value]
        elif name == "text":
            output[name] = _masked_text(value)
        else:
            output[name] = _masked_json(value)
    return output


def _masked_data(kind: str, data: Any) -> Any:
    if kind.startswith(_BINARY):
        return data
    # In JSON a list of texts is a list, and elsewhere it is the lines of one text.
    return _masked_json(data) if kind.endswith(("/json", "+json")) else _masked_text(data)


def _masked_text(text: Any) -> Any:
    """Mask a text, or the lines that one is stored as."""
    if isinstance(text, str):
        return redact(_QR_CODE.sub(_WITHOUT, text))
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        return _masked_text("".join(text)).splitlines(keepends=True)
    return _masked_json(text)


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _masked_json(value: Any) -> Any:
    """Mask what is no text by its text, in which names stand beside their values."""
    if isinstance(value, str):
        return _masked_text(value)
    text = json.dumps(value, default=str)
    masked = _masked_text(text)
    if masked == text:
        return value
    try:
        return json.loads(masked)
    except ValueError:  # what was masked is no text, or ends beyond one
        return _masked_parts(value)


def _masked_parts(value: Any) -> Any:
    """Mask each part of what could not be masked whole: a hook that fails has the notebook saved as it is."""
    if isinstance(value, list):
        return [_masked_json(item) for item in value]
    if not isinstance(value, dict):
        return MASK
    parts: dict[str, Any] = {}
    for name, item in value.items():
        if len(value) > 1:
            parts |= _masked_json({name: item})
        elif isinstance(item, list):
            parts[name] = [_masked_json({name: one})[name] for one in item]
        else:
            parts[name] = _masked_parts(item)
    return parts
