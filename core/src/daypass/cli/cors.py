"""``daypass cors``: the rule by which a store lets web pages use links and forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from daypass.cli import exits, options
from daypass.cli.completing import complete_path
from daypass.cli.given import somebody_types
from daypass.cli.output import note, say
from daypass.errors import UnsupportedOptionError
from daypass.gate.cors import add_rule, has_rule, plan_cors
from daypass.hookspecs.cors_rules import CorsPlan, CorsRule
from daypass.store.store import Store

_PLACE = ("storage_options", "signer_options")


def _cors(path: str, *, apply: bool, yes: bool, **values: Any) -> int:
    """Print the CORS rule that browser uploads to the bucket of PATH need.

    The rule is in the provider's own words, for its own tool. With --apply it is added to the rules
    that the bucket (on Azure: the account) has, after they have been shown. A plain <form> needs no
    rule; scripts of other origins do. Those that follow a link of a links service come after a
    redirect, with the origin null: for them it is --origin '*'.
    """
    store = Store(path, **{name: values[name] for name in _PLACE})
    rule = CorsRule(
        origins=values["origins"],
        methods=values["methods"] or _methods(store),
        headers=values["headers"],
        max_age=values["max_age"],
    )
    plan = plan_cors(store.backend, store.location.at(""), rule)
    if not apply:
        _say_rules(plan, [plan.rule])
        note(f"to set it: {plan.command}; or --apply, which keeps the rules that are there")
        return 0
    return _apply(plan, yes=yes)


def _methods(store: Store) -> list[str]:
    """Return what uploads need: PUT for links, and POST where the store takes forms."""
    info = store.backend.info
    if not info.methods:
        why = info.why_not or "its store has no signed URLs"
        msg = f"{info.name} has no CORS rules: {why}"
        raise UnsupportedOptionError(msg, option="cors", backend=info.name)
    forms = info.forms and "create_upload_form" not in store.location.lacks
    return ["PUT", "POST"] if forms else ["PUT"]


def _apply(plan: CorsPlan, *, yes: bool) -> int:
    present = plan.read()
    if has_rule(plan, present):
        note(f"{plan.owner} has the rule already")
        return 0
    note(f"{plan.owner} has {len(present)} CORS rules" + (":" if present else ""))
    if present:
        _say_rules(plan, present)
    note("to be added:")
    _say_rules(plan, [plan.rule])
    if not yes:
        if not somebody_types():
            msg = "nobody is there to say yes: pass --yes, or run it on a terminal"
            raise click.UsageError(msg)
        click.confirm("Add the rule?", abort=True, err=True)
    add_rule(plan, present)
    note(f"{plan.owner} has {len(present) + 1} CORS rules now")
    return 0


def _say_rules(plan: CorsPlan, rules: Sequence[dict[str, Any]]) -> None:
    say(json.dumps(plan.document(rules), indent=2))


command = click.Command(
    "cors",
    callback=_cors,
    help=_cors.__doc__,
    epilog=exits.EPILOG,
    params=[
        click.Argument(["path"], shell_complete=complete_path),
        click.Option(
            ["--origin", "origins"],
            multiple=True,
            required=True,
            metavar="ORIGIN",
            help="Where the pages come from, such as https://app.example; repeatable.",
        ),
        click.Option(
            ["--method", "methods"],
            multiple=True,
            type=click.Choice(["GET", "HEAD", "PUT", "POST", "DELETE"], case_sensitive=False),
            help="What scripts may use; without it PUT, and POST where the store takes forms.",
        ),
        click.Option(
            ["--header", "headers"],
            multiple=True,
            metavar="NAME",
            help="A header that scripts may send, beside those that uploads need; repeatable.",
        ),
        click.Option(
            ["--max-age"],
            type=int,
            default=3600,
            show_default=True,
            metavar="SECONDS",
            help="How long browsers may remember the rule.",
        ),
        click.Option(["--apply"], is_flag=True, help="Add the rule to those of the bucket."),
        click.Option(["--yes"], is_flag=True, help="With --apply, do not ask."),
        options.STORAGE,
        options.SIGNER_OPTION,
    ],
)
