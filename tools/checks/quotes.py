"""CONTRIBUTING.md shows pieces of the sources; they must stand there word for word."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def stale_quotes(page):
    """Quoted pieces of a source that are not in it: a fence after a line `In PATH:`."""
    quotes = re.findall(r"^In `(\S+)`:\n\n```\w+\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    if not quotes:
        yield f"{page.name} quotes nothing"
    for path, quote in quotes:
        source = (ROOT / path).read_text() if (ROOT / path).exists() else ""
        for piece in quote.split("...\n"):
            if piece.strip("\n") not in source:
                yield f"{page.name} quotes what is not in {path}: {piece.strip().splitlines()[0]} ..."


def main():
    stale = list(stale_quotes(ROOT / "CONTRIBUTING.md"))
    for text in stale:
        print(f"error: {text}")
    sys.exit(bool(stale))


if __name__ == "__main__":
    main()
