"""Rules for the scanners that look for secrets in repositories: signed URLs are secrets while they live.

>>> GITLEAKS.name, DETECT_SECRETS.name
('gitleaks.toml', 'detect_secrets_plugin.py')
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["DETECT_SECRETS", "GITLEAKS"]

#: Rules for gitleaks: ``[extend] path`` of a configuration, or ``--config``.
GITLEAKS = Path(__file__).with_name("gitleaks.toml")
#: A plugin for detect-secrets: ``--plugin``.
DETECT_SECRETS = Path(__file__).with_name("detect_secrets_plugin.py")
