"""What `explain_url` reads of a signed form, whatever the provider; a stranger wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from daypass.hookspecs.findings import Finding
from daypass.hookspecs.found import FoundURL
from daypass.toolkit.post_policy import PostPolicy, held_against, read_policy
from daypass.toolkit.v4 import Dialect
from daypass.toolkit.v4_links import V4Link, read_v4

__all__ = ["SignedForm", "read_form"]


@attrs.frozen(kw_only=True)
class SignedForm:
    """What a form says of itself: its policy, and who signed it."""

    policy: PostPolicy
    #: The signature of Version 4, taken apart; None for an older one.
    v4: V4Link | None
    credential_id: str | None
    #: The key, where it is fixed.
    key: str | None
    #: All of the form's fields.
    fields: Mapping[str, str] = attrs.field(factory=dict, repr=False)

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with policy and signature, or worth knowing."""
        # A form has neither a lifetime of its own nor signed headers: its policy has the end.
        of_query = ("incomplete", "bad-headers")
        found = () if self.v4 is None else self.v4.findings
        kept = [one for one in found if one.code not in of_query]
        return [*kept, *self.policy.findings, *held_against(self.policy, self.fields)]

    def as_fields(self) -> dict[str, Any]:
        """Return what an `Explanation` takes over as it is."""
        return {
            "permits": frozenset({"POST"}),
            "permits_because": "a form uploads one object",
            "credential_id": self.credential_id,
            "signed_at": None if self.v4 is None else self.v4.signed_at,
            "expires_at": self.policy.expires_at,
            "headers": (),
        }


def read_form(form: FoundURL, dialect: Dialect, *, older: str) -> SignedForm | None:
    """Read the fields of a form with a POST policy; None where the signature is no such one.

    Args:
        form: the form.
        dialect: the words of its Version 4.
        older: the field that says who signed in the version before, such as ``"AWSAccessKeyId"``.

    """
    names = {name.lower() for name in form.fields or ()}
    if "policy" not in names:
        return None
    parameter = dialect.parameter.lower()
    v4 = None
    if names & {f"{parameter}signature", f"{parameter}credential"}:
        v4 = read_v4(form, dialect)
    elif not {older.lower(), "signature"} <= names:
        return None
    policy = read_policy(form.get("policy") or "")
    return SignedForm(
        policy=policy,
        v4=v4,
        credential_id=form.get(older) if v4 is None else v4.credential_id,
        key=form.get("key") or policy.key,
        fields=form.fields or {},
    )
