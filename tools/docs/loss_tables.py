"""What README.md and docs/losses.md have from the table of losses.

Between markers `<!-- losses -->` one line per loss; between `<!-- further losses -->` a section, made of its docstring,
for each loss about which the page says nothing that is written by hand.
"""

import inspect
import re
import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from losses import LOSSES

ROOT = Path(__file__).resolve().parents[2]
DASH = "\N{EN DASH}"
README, PAGE = ROOT / "README.md", ROOT / "docs" / "losses.md"


def between(text, name, content):
    """The text with new content between `<!-- name -->` and `<!-- /name -->`."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, found, rest = text.partition(first)
    _, ended, tail = rest.partition(last)
    if not (found and ended):
        sys.exit(f"error: no {first.strip()} ... {last} to write between")
    return head + first + content + last + tail


def curvature(row):
    """As a word: "yes", "" for none, or with which options there is one."""
    if row.curved_options is None:
        return ""
    with_them = ", ".join(f"`{name}={value}`" for name, value in row.curved_options.items())
    return "yes" if row.has_curvature(row.options[0]) else f"with {with_them}"


def targets(row):
    return row.target_words or " or ".join(row.targets)


def table(head, line):
    """Markdown; line(row) gives its cells after the name. Topics have a line each."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for topic in dict.fromkeys(row.topic for row in LOSSES):
        lines.append(f"| **{topic}** |" + " |" * (len(head) - 1))
        cells = [" | ".join(line(row)) for row in LOSSES if row.topic == topic]
        lines += [f"| {text} |".replace("|  |", "| |").replace("|  |", "| |") for text in cells]
    return "\n".join(lines) + "\n"


def readme_table():
    return table(
        ("loss", "first argument", "target", "curvature"),
        lambda row: (
            f"[`{row.name}`](docs/losses.md#{row.name})", row.predictions, targets(row) or DASH, curvature(row) or DASH
        ),
    )  # fmt: skip


def page_table():
    return table(
        ("loss", "first argument", "target", "curvature", "a mean divides by"),
        lambda row: (
            f"[`{row.name}`](#{row.name})", row.predictions, targets(row), curvature(row) or "none", row.divides_by
        ),
    )  # fmt: skip


def in_markdown(text):
    """Of a docstring: code and mathematics as Markdown writes them."""
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text.replace("``", "\0"))
    return re.sub(r"(?<![`$\w])`([^`]+)`", r"`\1`", text).replace("\0", "`")


def section(row):
    """A loss's section from its docstring: sentence, formula, mean, picture, example."""
    text = inspect.getdoc(row.loss)
    beginning, _, rest = text.partition("\nMethods\n")
    example = rest.partition("\nExamples\n")[2].partition("\nReferences\n")[0].partition("\n")[2]
    formula = re.search(r"\.\. math::(.*?)\n\n(?=\S)|\.\. math::(.*)", beginning, re.DOTALL)
    before, after = beginning[: formula.start()].strip(), beginning[formula.end() :].strip()
    mathematics = textwrap.dedent((formula[1] or formula[2]).strip("\n"))
    calls = "\n".join(line for line in example.split("\n") if "import numpy as np, fastloss as fl" not in line)
    parts = [
        f"### {row.name}",
        in_markdown(before),
        f"```math\n{mathematics.strip()}\n```",
        in_markdown(after),
        f"- Mean: divides by {row.divides_by}.\n- Curvature: {curvature(row) or 'none'}.",
        f"![{row.name}: {before.partition('.')[0]}](pictures/{row.name}.png)",
        f"```python\n{calls.strip()}\n\n```",
    ]
    return "\n\n".join(part for part in parts if part) + "\n\n"


def further_losses(page):
    """Sections of the losses that have no heading outside of the markers."""
    written = re.sub(r"<!-- further losses -->.*<!-- /further losses -->", "", page, flags=re.DOTALL)
    rows = [row for row in LOSSES if not re.search(rf"^### {row.name}$", written, re.MULTILINE)]
    return "## Further losses\n\n" * bool(rows) + "".join(section(row) for row in rows)


def texts():
    """{path: text} of the two pages."""
    page = between(PAGE.read_text(encoding="utf-8"), "losses", page_table())
    page = between(page, "further losses", further_losses(page))
    return {README: between(README.read_text(encoding="utf-8"), "losses", readme_table()), PAGE: page}
