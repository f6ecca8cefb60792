"""What runs of docs/how-to/pipelines.md: the very examples that stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pipelines.md"
#: Loopback of IPv4, of IPv6, and of IPv4 in IPv6, as Linux writes them.
LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}


def run(section: str, **names: Any) -> dict[str, Any]:
    """Run the examples of a section; return the names that they leave."""
    text = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    examples = re.findall(r"^```python\n(.+?)^```$", text, re.MULTILINE | re.DOTALL)
    assert examples
    names["__name__"] = "__main__"  # as in a script: what is defined there travels whole
    for example in examples:
        exec(compile(example, f"{PAGE.name}, {section}", "exec"), names)
    return names
