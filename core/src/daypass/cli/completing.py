"""What a shell completes beside commands and options: profiles, paths by them, and signers. Nothing is imported for it."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from daypass import config
from daypass.backends.loading import KNOWN_SIGNERS, registry
from daypass.errors import DaypassError
from daypass.model.paths import PROFILES

__all__ = ["complete_path", "complete_profile", "complete_signer"]


def complete_profile(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Name the profiles that begin so; none where the configuration is broken, which `config check` says."""
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
    del ctx, param
    names = {*KNOWN_SIGNERS, *registry.claims("daypass.signers")}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
