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
from daypass.policy import Rehearsal
from daypass.store.functions import rehearse


def _test(path: str, *, prefix: bool, as_json: bool, **values: Any) -> int:
    """Show what the policy decides about a link for PATH, and why each rule did or did not.

    With --method POST it decides about an upload form, with the options of daypass form.

    No link is made, no quota is counted, and nothing is recorded. The policy is that of the
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
    found = rehearse(path, version=values["version"], caller=values["caller"], **asked)
    if as_json:
        say_json(_as_dict(found))
    else:
        for line in _lines(found):
            say(one_line(line))
    return 0 if found.allowed else exits.REFUSED


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


def _lines(found: Rehearsal) -> list[str]:
    if not found.trace:
        return ["allowed: no policy is in force"]
    lines = [
        f"allowed, for {span(found.expires_in or 0)}"
        if found.allowed
        else f"refused: {found.reason}"
    ]
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
                options.CALLER,
                json_option,
            ],
        )
    ],
)
