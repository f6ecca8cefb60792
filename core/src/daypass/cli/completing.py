"""What a shell completes beside commands and options: profiles, paths by them, and signers. Nothing is imported for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daypass import config
from daypass.backends.loading import KNOWN_SIGNERS, registry
from daypass.errors import DaypassError
from daypass.model.paths import PROFILES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["InnerGroup", "complete_path", "complete_profile", "complete_signer"]


class InnerGroup(click.Group):
    """A group in a group, the arguments of whose commands are completed too."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; click before 8.5.1 hands an inner group its own name with it where it completes."""
        if ctx.resilient_parsing and args[0] == ctx.info_name and len(args) > 1:
            args = args[1:]
        return super().resolve_command(ctx, args)


def complete_profile(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Name the profiles that begin so; none where the configuration is broken, which `config check` says."""
    from click.shell_completion import CompletionItem

    del ctx, param
    try:
        known = config.load().profiles
    except DaypassError:
        return []
    return [CompletionItem(name) for name in sorted(known) if name.startswith(incomplete)]


def complete_path(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Name the paths of profiles that begin so; what lies below them only their store knows."""
    from click.shell_completion import CompletionItem

    root = f"{PROFILES}://"
    begun = incomplete[len(root) :] if incomplete.startswith(root) else ""
    if not (root + begun).startswith(incomplete):
        return []
    found = complete_profile(ctx, param, begun)
    return [CompletionItem(f"{root}{item.value}/") for item in found]


def complete_signer(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Name the signers that begin so, those that are known and not installed too."""
    from click.shell_completion import CompletionItem

    del ctx, param
    names = {*KNOWN_SIGNERS, *registry.claims("daypass.signers")}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
