"""The documentation site: links between pages become those of the site, and every public name has a page."""

import sys
from pathlib import Path

import pytest

import fastloss as fl

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "docs"))
import site_pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*site_pages.OUTSIDE, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_to_files(path):
    """`relinked` raises where one does not."""
    page = site_pages.OUTSIDE.get(path, path.removeprefix("docs/"))
    site_pages.relinked((ROOT / path).read_text(encoding="utf-8"), path, page, "https://host/project")


def test_links_become_those_of_the_site():
    def on_start_page(text):
        return site_pages.relinked(text, "README.md", "project/start.md", "https://host/project")

    assert on_start_page("[a](docs/losses.md#l1_loss) [b](#here) [c](https://elsewhere/x)") == (
        "[a](../losses.md#l1_loss) [b](#here) [c](https://elsewhere/x)"
    )
    assert on_start_page("[a](src/README.md) ![b](docs/pictures/l1_loss.png)") == (
        "[a](sources.md) ![b](../pictures/l1_loss.png)"
    )
    assert on_start_page("[a](setup.py)") == "[a](https://host/project/blob/main/setup.py)"
    with pytest.raises(FileNotFoundError, match=r"README\.md links to docs/missing\.png"):
        on_start_page("![a](docs/missing.png)")


def test_every_public_name_has_a_page():
    pages = site_pages.api_pages()
    names = {name for name in fl.__all__ if not name.startswith("__")}
    assert {f"api/{name}.md" for name in names} <= set(pages)
    for loss in ("cross_entropy", "l1_loss"):
        assert f".. py:function:: {loss}.value_and_grad(" in pages[f"api/{loss}.md"]
    assert ".grad_and_hess(" in pages["api/cross_entropy.md"]
    assert ".grad_and_hess(" not in pages["api/l1_loss.md"]
    for name in ("CTCAlignment", "CTCAlphabet", "CTCHypothesis", "CTCPrefixState", "CTCWord", "TokenSpan"):
        assert ".. autoclass:: " in pages[f"api/{name}.md"]
