"""Configuration of the documentation site: `python -m sphinx -W --keep-going -n docs build/site`.

Needs fastloss built, and `pip install --group docs`. Nothing is downloaded: MathJax comes with a package.
"""

import importlib.util
import inspect
import sys
from pathlib import Path

import tomllib
from docutils import nodes
from sphinx.domains.python import PyXRefRole

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools" / "docs"))
import site_pages

import fastloss

ROOT = Path(__file__).resolve().parents[1]
about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
repository = about.get("urls", {}).get("Source", "https://github.com/fastloss/fastloss").rstrip("/")

project = about["name"]
author = copyright = about["authors"][0]["name"]
version = release = fastloss.__version__

CHILDREN = {  # the tree of the site; on GitHub the pages have links
    "index": [
        "project/start",
        "Losses <losses>",
        "CTC <ctc>",
        "guides",
        "API <api/index>",
        "Migration <migration>",
        "performance",
        "reference_values",
        "project/contributing",
    ],
    "guides": ["boosting", "dask", "jax", "language_models", "metrics", "torch", "training"],
    "performance": ["comparison", "project/benchmarks"],
    "project/contributing": ["/project/sources", "/project/changelog"],
}

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
]
highlight_language = "none"
smartquotes = False  # a path of two blanks, --, is no dash

myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
numpydoc_show_class_members = False  # autodoc does
numpydoc_xref_param_type = False
autodoc_typehints = "none"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "fastloss"
# Of the package with MathJax one file is enough: the one that draws formulas as SVG needs no fonts.
mathjax = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax" / "tex-svg.js"
mathjax_path = mathjax.name
html_static_path = ["_static", str(mathjax)]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "github_url": repository,
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "show_prev_next": True,
}
html_sidebars = {  # none where it would be empty
    page: [] for page in ("index", "project/start", "losses", "ctc", "migration", "reference_values", "comparison")
}


def name_or_code(name, rawtext, text, line, inliner, options=None, content=None):
    """What docstrings have between single backticks: a link where it is a public name, else code."""
    text = text.removeprefix("fastloss.")
    first = text.partition(".")[0]
    if first in fastloss.__all__:
        link = f":py:obj:`~fastloss.{text}`" if first == text else f":py:obj:`{text} <fastloss.{text}>`"
        return PyXRefRole()("py:obj", link, link.partition("`")[2][:-1], line, inliner)
    return [nodes.literal(rawtext, text)], []


def on_site(app, page, source):
    """Links as the site needs them, and the pages below this one."""
    if "/" not in page:
        source[0] = site_pages.relinked(source[0], f"docs/{page}.md", f"{page}.md", repository)
    if page == "index":
        source[0] += "\nEvery function and class, with its signatures: [API reference](api/index.md).\n"
    if page in CHILDREN:
        entries = "\n".join(CHILDREN[page])
        source[0] += f"\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"


def without_constructor(app, what, name, value, options, signature, returns):
    """Objects of classes whose parameters are not documented come from functions."""
    if what == "class" and "Parameters\n---" not in inspect.getdoc(value):
        return "", None
    return None


def without_verbs(app, what, name, value, options, lines):
    """The list of verbs is for `help`; the page of a loss has their signatures."""
    if "Methods" in lines and isinstance(value, site_pages.Loss):
        start = lines.index("Methods")
        del lines[start : lines.index("Parameters", start)]


def setup(app):
    site_pages.write_all(repository)
    app.add_role("public", name_or_code)
    app.connect("source-read", on_site)
    app.connect("autodoc-process-signature", without_constructor)
    app.connect("autodoc-process-docstring", without_verbs, priority=100)  # before numpydoc


default_role = "public"
