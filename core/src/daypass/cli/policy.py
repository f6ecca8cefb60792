"""``daypass policy``: what the policy decides about a link, and why, without making one."""

from __future__ import annotations

from typing import Any

import attrs
import click

from daypass.base.times import span
from daypass.cli import exits, options
from daypass.cli.completing import InnerGroup, complete_path
from daypass.cli.output import json_option, say, say_json
from daypass.cli.words import listed, one_line
from daypass.model.options import METHODS
from daypass.model.paths import is_pattern
from daypass.policy import Rehearsal
from daypass.store.functions import rehearse
from daypass.store.listing import rehearsed
from daypass.store.prepared import root_for


def _test(path: str, *, prefix: bool, as_json: bool, no_glob: bool, **values: Any) -> int:
    """Show what the policy decides about a link for PATH, and why each rule did or did not.

    With --method POST it decides about an upload form, with the options of daypass form. Of a PATH with a *, a pattern, it
    decides first whether the folder may be listed. --method LIST asks that alone, where the store signs no links that list.

    No link is made, no quota is counted, and nothing is recorded or listed. The policy is that of the
    configuration. It exits with 0 where the link is allowed, and with 3 where it is refused.
    """
    form = values["method"] == "POST"
    own = {name: values[name] for name in options.FORMS_ALONE if values[name] is not None}
    _check(form, own, prefix=prefix, version=values["version"])
    asked: dict[str, Any] = {**options.asked(values)}
    if form:
        del asked["method"]
        asked["action"] = "create_upload_form"
    elif prefix:
        asked["action"] = "create_signed_prefix"
    if values["version"] is not None:
        asked["version"] = values["version"]
    decided = _decided(path, asked, values["caller"], pattern=is_pattern(path) and not no_glob)
    (folder, first), (_, found) = decided[0], decided[-1]
    if as_json:
        listing = None if folder is None else {"path": folder, **_as_dict(first)}
        say_json({**_as_dict(found), "listing": listing})
        return 0 if found.allowed else exits.REFUSED
    for folder, step in decided:
        if step.trace or step is found:  # that no policy is in force is said once
            for line in _lines(step, "" if folder is None else f"listing {folder}: "):
                say(one_line(line))
    return 0 if found.allowed else exits.REFUSED


def _decided(
    path: str, asked: dict[str, Any], caller: str | None, *, pattern: bool
) -> list[tuple[str | None, Rehearsal]]:
    """Return what is decided, in order: of a listing, with its folder, and of the link; nothing follows a refusal."""
    root, key = root_for(path, storage_options=None, fs=None, caller=caller)
    alone = asked == {"method": "LIST"} and "LIST" not in root.backend.info.methods
    # For a grant, a form and a link that lists, daypass sign lists nothing.
    listed_first = pattern and "action" not in asked and asked.get("method") != "LIST"
    decided: list[tuple[str | None, Rehearsal]] = []
    if alone or listed_first:
        decided.append(rehearsed(root, key, pattern=pattern))
        if alone or not decided[0][1].allowed:
            return decided
    return [*decided, (None, rehearse(path, caller=caller, **asked))]


def _check(form: bool, own: dict[str, Any], *, prefix: bool, version: str | None) -> None:
    """Refuse options of a form for a link, and of a link for a form."""
    if not form and own:
        msg = f"{listed(own)} is of upload forms: ask with --method POST"
        raise click.UsageError(msg)
    for option, given in (("--prefix", prefix), ("--version", version)):
        if form and given:
            msg = f"{option} is of links, and --method POST asks for an upload form: leave one of them out"
            raise click.UsageError(msg)


def _as_dict(found: Rehearsal) -> dict[str, Any]:
    told = attrs.asdict(found)
    trace = [step for steps in told.pop("trace") for step in steps]
    return {**told, "policies": len(found.trace), "trace": trace}


def _lines(found: Rehearsal, begin: str) -> list[str]:
    if not found.trace:
        return [f"{begin}allowed: no policy is in force"]
    lives = "" if found.expires_in is None else f", for {span(found.expires_in)}"
    lines = [f"{begin}allowed{lives}" if found.allowed else f"{begin}refused: {found.reason}"]
    for steps in found.trace:
        for number, step in enumerate(steps, 1):
            why = f", {step.why}" if step.why else ""
            lines.append(f"{number}. {step.rule} ({step.effect}): {step.outcome}{why}")
    return lines


command = InnerGroup(
    "policy",
    help="Show what the policy decides, and why.",
    epilog=exits.EPILOG,
    commands=[
        click.Command(
            "test",
            callback=_test,
            help=_test.__doc__,
            epilog=exits.EPILOG,
            params=[
                click.Argument(["path"], metavar="PATH", shell_complete=complete_path),
                click.Option(["--prefix"], is_flag=True, help="Ask for all that lies below PATH."),
                click.Option(
                    ["--method", "method"],
                    type=click.Choice([*METHODS, "POST"], case_sensitive=False),
                    help="What the holder may do; GET without it, POST for an upload form.",
                ),
                *(option for name, option in options.SIGNING.items() if name != "method"),
                *options.FORMS_ALONE.values(),
                options.VERSION,
                options.NO_GLOB,
                options.CALLER,
                json_option,
            ],
        )
    ],
)
