"""Which commands there are: core's own, and those that other distributions add; each is imported when it is called."""

from __future__ import annotations

import importlib

import click

from daypass.cli.words import one_line
from daypass.errors import PluginError

__all__ = ["COMMANDS", "GROUP", "added", "find", "find_added"]

#: Each command's module below `daypass.cli`, and its summary. Nobody else can take such a name.
COMMANDS = {
    "sign": "Sign temporary URLs.",
    "form": "Sign an upload form for browsers.",
    "put": "Upload a file through a signed URL.",
    "get": "Download an object through a signed URL, and check it.",
    "ls": "List what lies in a folder, or matches a pattern.",
    "head": "Show what a store says of an object.",
    "explain": "Say what a signed URL is, and why it fails.",
    "verify": "Tell whether a request would pass, and what speaks against it.",
    "config": "Check and show the configuration.",
    "cors": "Let web pages upload: print or set a bucket's CORS rule.",
    "plugins": "Show the installed backends and plugins.",
    "policy": "Show what the policy decides, and why.",
    "audit": "Verify an audit file, and find a link in it.",
    "completion": "Print the script by which a shell completes the command.",
    "demo": "See it work on a real server of its own.",
}
#: The group of entry points by which a distribution adds commands.
GROUP = "daypass.commands"


def find(name: str) -> click.Command | None:
    """Import one command; None where nobody has it.

    Raises:
        BackendConflictError: if two distributions have it and nothing chooses.
        PluginError: if the distribution's module may not be loaded, or is broken.

    """
    if name in COMMANDS:
        command: click.Command = importlib.import_module(f"daypass.cli.{name}").command
        return command
    return find_added(name)


def find_added(name: str) -> click.Command | None:
    """Import one command that a distribution adds; None where none does."""
    from daypass.backends.discovery import choose, load, source
    from daypass.backends.loading import registry

    claimants = registry.claims(GROUP).get(name)
    if claimants is None:
        return None
    entry = choose(name, claimants)
    command = getattr(load(entry), "command", None)
    if not isinstance(command, click.Command):
        msg = f"plugin {entry.value} of {source(entry)} has no command, which daypass {name} would run: give its module a click.Command of this name"
        raise PluginError(msg, plugin=entry.value)
    return command


def added() -> dict[str, str]:
    """Return the commands that distributions add, with a summary from their metadata; none is imported.

    Those that may not be loaded are left out, and so are those that core has.
    """
    from daypass.backends.discovery import distribution, may_load
    from daypass.backends.loading import registry

    found = {}
    for name, claimants in sorted(registry.claims(GROUP).items()):
        able = [entry for entry in claimants if may_load(entry)]
        if not able or name in COMMANDS:
            continue
        said = able[0].dist and able[0].dist.metadata
        summary = said["Summary"] if said and "Summary" in said else ""
        found[one_line(name)] = one_line(f"{summary} ({distribution(able[0])})")
    return found
