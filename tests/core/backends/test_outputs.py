"""What a notebook shows is masked in the kernel, by an extension, and again where it is saved, by a hook."""

from __future__ import annotations

import copy
import html
import json
import logging
from types import SimpleNamespace

import pytest

import daypass
from daypass.model.cards import QR_TEXT

SECRET = "Pl4ntedS3cretPl4ntedS3cret"
URL = f"https://maps.s3.amazonaws.com/europe.csv?X-Amz-Signature={SECRET}"
QR = f'<img alt="{QR_TEXT}" src="data:image/png;base64,{SECRET}" style="max-width:100%">'

#: Outputs by what they are, as nbformat 4 has them; texts may be lists of lines.
OUTPUTS = {
    "a text": {"output_type": "stream", "name": "stdout", "text": f"{URL}\n"},
    "lines": {"output_type": "stream", "name": "stdout", "text": ["see\n", f"{URL}\n"]},
    "a result": {"output_type": "execute_result", "data": {"text/plain": f"'{URL}'"}, "metadata": {}},
    "a display": {"output_type": "display_data", "data": {"text/html": [f"<a href='{URL}'>"]}, "metadata": {}},
    "a dict": {"output_type": "display_data", "data": {"application/json": {"a": [URL], "X-Amz-Signature": SECRET}}, "metadata": {"at": URL}},
    "another type of dict": {"output_type": "display_data", "data": {"application/vnd.acme+json": {"rows": [{"href": URL}]}}, "metadata": {}},
    "a page in JSON": {"output_type": "display_data", "data": {"application/json": {"page": json.dumps(f'<a href="{URL}">')}}, "metadata": {}},
    "Markdown": {"output_type": "display_data", "data": {"text/markdown": [f"see [it]({URL})\n", f"**{URL}**"]}, "metadata": {}},
    "LaTeX": {"output_type": "display_data", "data": {"text/latex": "\\href{" + URL.replace("-", r"\PYZhy{}") + "}{x}"}, "metadata": {}},
    "colours": {"output_type": "stream", "name": "stdout", "text": [f"{URL.removesuffix(SECRET)}\x1b[0m\x1b[32m{SECRET}\x1b[0m\n"]},
    "what nobody knows": {"output_type": "display_data", "data": {}, "metadata": {}, "more": {"a": [URL]}},
    "an error": {"output_type": "error", "ename": "E", "evalue": URL, "traceback": ["line", f"\x1b[31m{URL}\x1b[0m"]},
    "a QR code in JSON": {"output_type": "display_data", "data": {"application/json": {"page": [json.dumps(QR)]}}, "metadata": {}},
    "a QR code in a frame": {"output_type": "display_data", "data": {"text/html": f'<iframe srcdoc="{html.escape(QR)}">'}, "metadata": {}},
    "a QR code": {"output_type": "display_data", "data": {"text/html": f"<div>{QR}</div>"}, "metadata": {}},
}  # fmt: skip


def notebook(*outputs, source="1 + 1", **metadata):
    cells = [{"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {}}]
    return {"type": "notebook", "content": {"cells": cells, "metadata": metadata, "nbformat": 4}}


@pytest.mark.parametrize("name", OUTPUTS)
def test_no_output_is_saved_with_a_secret(name):
    model = notebook(copy.deepcopy(OUTPUTS[name]))
    daypass.mask_before_saving(model, path="a.ipynb")
    assert SECRET not in json.dumps(model)
    (saved,) = model["content"]["cells"][0]["outputs"]
    assert saved.keys() == OUTPUTS[name].keys()
    once = copy.deepcopy(model)
    daypass.mask_before_saving(model)
    assert model == once


def test_lines_stay_lines_and_frames_frames():
    model = notebook(copy.deepcopy(OUTPUTS["lines"]), copy.deepcopy(OUTPUTS["an error"]))
    daypass.mask_before_saving(model)
    text, error = model["content"]["cells"][0]["outputs"]
    masked = "https://maps.s3.amazonaws.com/europe.csv?X-Amz-Signature=****"
    assert text["text"] == ["see\n", f"{masked}\n"]
    assert error["traceback"] == ["line", f"\x1b[31m{masked}\x1b[0m"]


def test_a_list_in_json_stays_a_list():
    lists = {"application/json": ["a", "b\n", URL, []], "application/vnd.acme+json": ["a", "b"]}
    output = {"output_type": "display_data", "data": lists, "metadata": {}}
    model = notebook(output)
    daypass.mask_before_saving(model)
    masked = "https://maps.s3.amazonaws.com/europe.csv?X-Amz-Signature=****"
    assert output["data"] == {
        "application/json": ["a", "b\n", masked, []],
        "application/vnd.acme+json": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"X-Amz-Signature": 12345678, "a": 1}, {"X-Amz-Signature": "****", "a": 1}),
({"a": {"X-Amz-Signature": 12345678}, "sig": [SECRET, 5]}, {"a": {"X-Amz-Signature": "****"}, "sig": ["****", 5]}),
        ({"a": [f"sig=b'{SECRET}", "b"], "c": URL}, {"a": ["****", "b"], "c": "https://maps.s3.amazonaws.com/europe.csv?X-Amz-Signature=****"}),
        ([f"sig=b'{SECRET}"], ["sig=b'****"]),
    ],
    ids=["a number", "numbers", "what is cut off", "a list"],
)  # fmt: skip
def test_json_stays_json_whatever_is_masked(value, masked):
    output = {"output_type": "display_data", "data": {"application/json": value}, "metadata": {}}
    daypass.mask_before_saving(notebook(output))
    assert output["data"]["application/json"] == masked


@pytest.mark.parametrize(
    "held",
    [{"url": URL}, {"value": QR}, {"outputs": [{"output_type": "stream", "text": URL}]}],
    ids=["a URL", "a QR code", "outputs"],
)
def test_the_state_of_widgets_is_masked(held):
    state = {"application/vnd.jupyter.widget-state+json": {"state": {"1": {"state": held}}}}
    model = notebook(widgets=state)
    daypass.mask_before_saving(model)
    assert SECRET not in json.dumps(model)


def test_a_picture_stays_what_it_is():
    picture = {
        "output_type": "display_data",
        "data": {"image/png": f"sig={SECRET}"},
        "metadata": {},
    }
    model = notebook(copy.deepcopy(picture))
    daypass.mask_before_saving(model)
    assert model["content"]["cells"][0]["outputs"] == [picture]


def test_what_somebody_wrote_is_left_and_told_of(caplog):
    model = notebook(source=f"read('{URL}')")
    with caplog.at_level(logging.WARNING):
        manager = SimpleNamespace(log=logging.getLogger("jupyter"))
        daypass.mask_before_saving(model, path="a.ipynb", contents_manager=manager)
    assert SECRET in model["content"]["cells"][0]["source"]
    assert "cell 1 holds a signature" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "model",
    [{"type": "file", "content": URL}, {"type": "directory", "content": None}, {}],
    ids=["a file", "a directory", "nothing"],
)
def test_what_is_no_notebook_is_left(model):
    before = copy.deepcopy(model)
    daypass.mask_before_saving(model)
    assert model == before


class Session:
    """It sends as a kernel's session does."""

    def __init__(self):
        self.sent = []

    def send(self, stream, msg_or_type, content=None, parent=None, ident=None):
        self.sent.append((msg_or_type, content, parent))
        return "sent"


@pytest.fixture
def shell():
    return SimpleNamespace(kernel=SimpleNamespace(session=Session()))


def test_a_kernel_sends_nothing_secret_once_the_extension_is_loaded(shell):
    daypass.load_ipython_extension(shell)
    session = shell.kernel.session
    for output in OUTPUTS.values():
        content = {name: value for name, value in output.items() if name != "output_type"}
        assert session.send(None, output["output_type"], content, "parent", ident=b"x") == "sent"
        session.send(None, {"msg_type": output["output_type"], "content": content})
    assert SECRET not in json.dumps(session.sent)
    assert SECRET in json.dumps(OUTPUTS)  # what is sent is another object than what was given
    assert session.sent[0] == ("stream", {"name": "stdout", "text": "https://maps.s3.amazonaws.com/europe.csv?X-Amz-Signature=****\n"}, "parent")  # fmt: skip


def test_messages_that_are_no_outputs_pass_as_they_are(shell):
    daypass.load_ipython_extension(shell)
    shell.kernel.session.send(None, "comm_msg", {"data": {"content": URL}})
    assert shell.kernel.session.sent == [("comm_msg", {"data": {"content": URL}}, None)]


def test_an_extension_is_loaded_once_and_taken_off(shell):
    daypass.load_ipython_extension(shell)
    once = shell.kernel.session.send
    daypass.load_ipython_extension(shell)
    assert shell.kernel.session.send is once
    daypass.unload_ipython_extension(shell)
    shell.kernel.session.send(None, "stream", {"text": URL})
    assert shell.kernel.session.sent == [("stream", {"text": URL}, None)]


def test_without_a_kernel_it_warns_that_nothing_is_masked():
    shell = SimpleNamespace()
    with pytest.warns(UserWarning, match="nothing is saved and nothing masked"):
        daypass.load_ipython_extension(shell)
    daypass.unload_ipython_extension(shell)
    assert vars(shell) == {}
