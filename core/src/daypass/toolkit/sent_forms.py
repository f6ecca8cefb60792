"""A form as it is sent, held against its policy: for `verify_url`. Its fields `explain_url` has judged already."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from daypass.base.messages import escaped
from daypass.hookspecs.findings import Finding
from daypass.hookspecs.verifications import SentRequest
from daypass.toolkit.bodies import body_findings, md5_base64
from daypass.toolkit.post_policy import read_policy

__all__ = ["file_findings", "signed_policy"]


def signed_policy(sent: SentRequest) -> bytes:
    """Return what the signature of a form is made over: the policy, as it stands in its field."""
    return (sent.get("policy") or "").encode(errors="replace")


def file_findings(
    sent: SentRequest, bucket: str | None, facts: Mapping[str, Callable[[bytes], str]]
) -> list[Finding]:
    """Say where the file, or where it is sent to, is not as the policy and the fields say.

    Args:
        sent: the form as it is sent.
        bucket: the bucket that its URL names; None where it is not known.
        facts: by the name of a field, in lower case, what makes of a file what it should say.

    """
    policy = read_policy(sent.get("policy") or "")
    findings: list[Finding] = []
    if bucket and policy.bucket and bucket != policy.bucket:
        why = f"it is sent to the bucket {escaped(bucket, 63)}, and the policy is for {escaped(policy.bucket, 63)}"
        findings.append(Finding("error", "host", why))
    if sent.body is None:
        return findings
    if policy.size_range is not None:
        least, most = policy.size_range
        if not least <= len(sent.body) <= most:
            why = f"the file has {len(sent.body)} bytes, and the policy allows {least} to {most}"
            findings.append(Finding("error", "body", why))
    fields = {name.lower(): value for name, value in (sent.fields or {}).items()}
    said = attrs.evolve(sent, headers=fields)
    return [*findings, *body_findings(said, {"content-md5": md5_base64, **facts})]
