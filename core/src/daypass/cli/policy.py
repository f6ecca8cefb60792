"""``daypass policy``: what the policy decides about a link, and why, without making one."""

from __future__ import annotations

from typing import Any

import attrs
import click

from daypass.admit import admit, admit_form
from daypass.cli import exits, options
from daypass.cli.form import OWN
from daypass.cli.output import json_option, say, say_json
from daypass.cli.words import listed, one_line
from daypass.durations import span
from daypass.permits import rehearse
from daypass.policy.asks import Decision, Step
from daypass.requests import METHODS
from daypass.root import Action
from daypass.stores import root_for
from daypass.uploads.formrequests import FormRequest


def _test(path: str, *, prefix: bool, as_json: bool, **values: Any) -> int:
    """Show what the policy decides about a link for PATH, and why each rule did or did not.

    With --method POST it decides about an upload form, with the options of daypass form.

    No link is made, no quota is counted, and nothing is recorded. The policy is that of the
    configuration. It exits with 0 where the link is allowed, and with 3 where it is refused.
    """
    form = values["method"] == "POST"
    own = {name: values[name] for name in OWN if values[name] is not None}
    _check(form, own, prefix=prefix, version=values["version"])
    asked: dict[str, Any] = {**options.asked(values), **own}
    if form:
        del asked["method"]
    root, key = root_for(path, storage_options=None, fs=None, caller=values["caller"])
    action: Action
    if form:
        action = "create_upload_form"
    else:
        action = "create_signed_prefix" if prefix else "create_signed_url"
    backend, location, request = root.request_for(action, key, asked, values["version"])
    if isinstance(request, FormRequest):
        request, _ = admit_form(backend, location, request)
    else:
        request, _ = admit(backend, location, request)
    found = rehearse(backend, location, request, root.caller, action=action)
    allowed = all(decision.allowed for decision, _ in found)
    if as_json:
        say_json(_as_dict(found, allowed=allowed))
    else:
        for line in _lines(found, allowed=allowed):
            say(one_line(line))
    return 0 if allowed else exits.REFUSED


def _check(form: bool, own: dict[str, Any], *, prefix: bool, version: str | None) -> None:
    """Refuse options of a form for a link, and of a link for a form."""
    if not form and own:
        msg = f"{listed(own)} is of upload forms: ask with --method POST"
        raise click.UsageError(msg)
    for option, given in (("--prefix", prefix), ("--version", version)):
        if form and given:
            msg = f"{option} is of links, and --method POST asks for an upload form: leave one of them out"
            raise click.UsageError(msg)


def _as_dict(found: list[tuple[Decision, list[Step]]], *, allowed: bool) -> dict[str, Any]:
    last = found[-1][0] if found else None
    deciding = next((decision for decision, _ in found if not decision.allowed), last)
    return {
        "allowed": allowed,
        "policies": len(found),
        "rule": deciding.rule.name if deciding is not None and deciding.rule is not None else None,
        "reason": None if deciding is None else deciding.reason,
        "asked": None if deciding is None else deciding.asked,
        "nearest": None if deciding is None else deciding.nearest,
        "expires_in": last.request.expires_in if allowed and last is not None else None,
        "trace": [attrs.asdict(step) for _, steps in found for step in steps],
    }


def _lines(found: list[tuple[Decision, list[Step]]], *, allowed: bool) -> list[str]:
    if not found:
        return ["allowed: no policy is in force"]
    refusals = [decision.reason for decision, _ in found if not decision.allowed]
    lifetime = found[-1][0].request.expires_in or 0
    lines = [f"allowed, for {span(lifetime)}" if allowed else f"refused: {refusals[0]}"]
    for _, steps in found:
        for number, step in enumerate(steps, 1):
            why = f", {step.why}" if step.why else ""
            lines.append(f"{number}. {step.rule} ({step.effect}): {step.outcome}{why}")
    return lines


command = click.Group(
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
                click.Argument(["path"], metavar="PATH"),
                click.Option(["--prefix"], is_flag=True, help="Ask for all that lies below PATH."),
                click.Option(
                    ["--method", "method"],
                    type=click.Choice([*METHODS, "POST"], case_sensitive=False),
                    help="What the holder may do; GET without it, POST for an upload form.",
                ),
                *(option for name, option in options.SIGNING.items() if name != "method"),
                *OWN.values(),
                options.VERSION,
                options.CALLER,
                json_option,
            ],
        )
    ],
)
