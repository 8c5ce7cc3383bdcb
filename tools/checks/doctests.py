"""Runs the examples: of the docstring of every public name, and of every Python block in README.md and docs/. Blocks
marked `py` need what is not installed everywhere, and are only compiled.

CONTRIBUTING.md shows pieces of the sources; they must stand there word for word.

doctest's own finder does not do: the losses are objects, not functions, and it would take the fence that closes a
block of Markdown for the last line of the output.
"""

import doctest
import os
import re
import sys
import tempfile
from pathlib import Path

import fastloss

ROOT = Path(__file__).resolve().parents[2]


def run(text, name, file, line, names):
    """(failed, attempted) of the examples in a text; `names` is what they see and add to."""
    test = doctest.DocTestParser().get_doctest(text, names, name, str(file), line)
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, clear_globs=False)
    names.update(test.globs)
    return result


def run_public():
    for name in fastloss.__all__:
        value = getattr(fastloss, name)
        if callable(value):
            yield f"fastloss.{name}", run(value.__doc__ or "", name, "docstring", 0, {})


def run_markdown(path):
    """Block after block, each seeing the names of those before it; a block without >>> runs as a script."""
    names = {"__name__": "__main__"}
    text = path.read_text()
    for block in re.finditer(r"^```(python|pycon|py)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, block.start()) + 1
        name = f"{path.name}:{line}"
        if ">>>" in block[2]:
            yield name, run(block[2], name, path, line, names)
            continue
        script = compile("\n" * line + block[2], str(path), "exec")
        if block[1] != "py":
            exec(script, names)
        yield name, doctest.TestResults(0, 1)


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
    results = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # examples may write files
        results += run_public()
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
            results += run_markdown(page)
        os.chdir(ROOT)
    stale = list(stale_quotes(ROOT / "CONTRIBUTING.md"))
    failed = [name for name, result in results if result.failed]
    empty = [name for name, result in results if not result.attempted]
    print(f"{sum(result.attempted for _, result in results)} examples in {len(results)} docstrings and README blocks")
    if failed:
        print(f"error: examples fail in {', '.join(failed)}")
    if empty:
        print(f"error: no example in {', '.join(empty)}: add one")
    for text in stale:
        print(f"error: {text}")
    if not any(name.startswith("README") for name, _ in results):
        print("error: README.md has no Python block")
        failed.append("README.md")
    sys.exit(bool(failed or empty or stale))


if __name__ == "__main__":
    main()
