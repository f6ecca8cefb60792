"""The audit: every link is on record before it leaves, and every refusal. Never a URL, never a secret."""

from __future__ import annotations

from daypass.audit.file import AuditFile, head
from daypass.audit.in_force import add_audit, remove_audit
from daypass.audit.logger import AuditLogger
from daypass.audit.sink import AuditSink
from daypass.audit.verify import Verdict, verify

__all__ = [
    "AuditFile",
    "AuditLogger",
    "AuditSink",
    "Verdict",
    "add_audit",
    "head",
    "remove_audit",
    "verify",
]
