"""The audit: every link is on record before it leaves, and every refusal. Never a URL, never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.base.lazily import given_by

if TYPE_CHECKING:
    from daypass.audit.chains import Chain
    from daypass.audit.file import AuditFile, head
    from daypass.audit.finding import Found, find
    from daypass.audit.in_force import add_audit, remove_audit
    from daypass.audit.logger import AuditLogger
    from daypass.audit.merkle import Proof
    from daypass.audit.sink import AuditSink
    from daypass.audit.verification import Verdict, verify, verify_lines

__all__ = [
    "AuditFile",
    "AuditLogger",
    "AuditSink",
    "Chain",
    "Found",
    "Proof",
    "Verdict",
    "add_audit",
    "find",
    "head",
    "remove_audit",
    "verify",
    "verify_lines",
]

__getattr__ = given_by(
    __name__,
    {
        "AuditFile": "file",
        "AuditLogger": "logger",
        "AuditSink": "sink",
        "Chain": "chains",
        "Found": "finding",
        "Proof": "merkle",
        "Verdict": "verification",
        "add_audit": "in_force",
        "find": "finding",
        "head": "file",
        "remove_audit": "in_force",
        "verify": "verification",
        "verify_lines": "verification",
    },
)
