"""What docs/reference/status.md says."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "status.md"


def tables() -> dict[str, list[list[str]]]:
    """The rows of each section's table."""
    found = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        rows = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)[1:]
        found[title] = [row.split(" | ") for row in rows]
    return found
