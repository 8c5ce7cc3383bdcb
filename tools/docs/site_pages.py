"""The pages of the documentation site that are made when it is built: an API reference, and the Markdown files of the
repository that stand outside of docs/. docs/conf.py calls this; what it writes is not committed.

Pages link to each other as on GitHub, by relative paths in the repository. `relinked` turns these into paths within the
site, or, for files that are no pages, into addresses at the project's host.
"""

import importlib
import importlib.util
import inspect
import os
import pkgutil
import re
import sys
from pathlib import Path

import fastloss as fl
from fastloss._docstrings import VERBS
from fastloss._loss import Loss

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from losses import BY_NAME

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OUTSIDE = {  # files of the repository that are pages of the site
    "README.md": "project/start.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "src/README.md": "project/sources.md",
    "benchmarks/README.md": "project/benchmarks.md",
}
MODULES = {  # of fastloss for other libraries: the title of its guide, the guide, what has to be installed to import it
    "dask": ("Dask", "dask", "dask"),
    "boosting": ("Gradient boosting", "boosting", None),
    "jax": ("JAX", "jax", "jax"),
    "metrics": ("scikit-learn's metrics", "metrics", None),
    "torch": ("PyTorch", "torch", "torch"),
}


def relinked(text, source, page, repository):
    """The text of `source` (a path in the repository) with the links that it needs as `page` (a path in docs/)."""

    def replace(link):
        target, hash_, anchor = link[2].partition("#")
        if not target or re.match(r"\w+:", target):
            return link[0]
        path = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if not (ROOT / path).exists():
            raise FileNotFoundError(f"{source} links to {target}, which is not there")
        if (ROOT / path / "README.md").exists():
            path = os.path.join(path, "README.md")
        within = OUTSIDE.get(path) or (os.path.relpath(path, "docs") if path.startswith("docs/") else None)
        if within is None or within == "comparison.json":
            return f"{link[1]}({repository}/blob/main/{path})"
        return f"{link[1]}({os.path.relpath(within, os.path.dirname(page))}{hash_}{anchor})"

    parts = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)  # links in code are left as they are
    parts[1::2] = [re.sub(r"\n\n```$", "\n```", part) for part in parts[1::2]]  # the empty line that doctest needs
    parts[::2] = [re.sub(r"(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^()\s]+)\)", replace, part) for part in parts[::2]]
    return "".join(parts)


def topics():
    """{module: its public names}, in the order of the table of losses; what is in no topic comes last."""
    order = list(BY_NAME)
    compat = importlib.import_module("fastloss.compat")
    others = [importlib.import_module(info.name) for info in pkgutil.iter_modules(compat.__path__, "fastloss.compat.")]
    found = {module: sorted(module.__all__, key=lambda name: order.index(name) if name in order else 99)
             for module in (*fl._topics, *others)}  # fmt: skip
    in_table = {module: min((order.index(name) for name in names if name in order), default=99)
                for module, names in found.items()}  # fmt: skip
    found = {module: found[module] for module in sorted(found, key=in_table.get)}
    named = {name for names in found.values() for name in names}
    return found, [name for name in fl.__all__ if name not in named and not name.startswith("__")]


def verbs(name, loss):
    """The signature of each verb of a loss, and what it gives."""
    first = next(iter(inspect.signature(loss).parameters))
    for verb, (_, derivatives, summary) in VERBS.items():
        if verb != "__call__" and (loss.has_curvature or derivatives < 2):
            signature = inspect.signature(getattr(loss, verb))
            yield f".. py:function:: {name}.{verb}{signature}\n\n   {summary.format(first=first)}\n"
    if not loss.has_curvature:
        yield "``grad_and_hess`` raises a TypeError: this loss has no curvature.\n"


def directive(qualified, value):
    if inspect.isclass(value):
        return f".. autoclass:: {qualified}\n   :members:\n"
    return f".. autofunction:: {qualified}\n"


def api_page(module, name):
    value = getattr(importlib.import_module(module), name)
    parts = [f"# {name}\n", f"```{{eval-rst}}\n.. py:currentmodule:: {module}\n"]
    if isinstance(value, Loss):
        parts += [f".. autofunction:: {module}.{name}\n", ".. rubric:: Verbs\n", *verbs(name, value), "```\n"]
        parts.append(f"Formulas, options and examples: [The losses](../losses.md#{name}).\n")
        if name in BY_NAME:  # a layer is no row of that table, and has no picture
            parts.append(f"![{name} in a picture](../pictures/{name}.png)\n")
    else:
        parts += [directive(f"{module}.{name}", value), "```\n"]
    return "\n".join(parts)


def module_pages():
    """{path in docs/: text} of the modules for other libraries: all names of one on a page, for some are names of
    losses that have pages of their own. A module whose library is not installed has none."""
    for name, (title, guide, library) in MODULES.items():
        if library and not importlib.util.find_spec(library):
            continue
        module = importlib.import_module(f"fastloss.{name}")
        entries = "\n".join(directive(f"fastloss.{name}.{entry}", getattr(module, entry)) for entry in module.__all__)
        text = f"# fastloss.{name}\n\nWhat it is for, with examples: [{title}](../{guide}.md).\n\n"
        text += f"```{{eval-rst}}\n.. py:currentmodule:: fastloss.{name}\n\n{entries}```\n"
        yield f"api/{name}.md", text


def heading(module):
    """The first words of its docstring."""
    return re.split(r"[.:]", inspect.getdoc(module))[0]


def without_roles(text):
    return re.sub(r":math:`([^`]*)`", r"$\1$", text).replace("``", "`")


def listing(module, names):
    """A line for each public name."""
    docs = {name: inspect.getdoc(getattr(importlib.import_module(module), name)) for name in names}
    summaries = {name: without_roles(text.partition("\n\n")[0].replace("\n", " ")) for name, text in docs.items()}
    return "".join(f"- [`{name}`]({name}.md): {summary}\n" for name, summary in summaries.items())


def api_pages():
    """{path in docs/: text}"""
    found, rest = topics()
    groups = [(heading(module), "fastloss" if module in fl._topics else module.__name__, names)
              for module, names in found.items()]  # fmt: skip
    groups.append(("Threads and configuration", "fastloss", rest))
    verbs_of_all = without_roles(inspect.getdoc(Loss).split("\n\n")[1])
    pages, index = {}, ["# API reference\n", f"Every loss is called in four ways. {verbs_of_all}\n"]
    for title, module, names in groups:
        index += [f"## {title}\n", listing(module, names)]
        toc = "\n".join(names)
        index.append(f"```{{toctree}}\n:hidden:\n\n{toc}\n```\n")
        pages |= {f"api/{name}.md": api_page(module, name) for name in names}
    of_modules = dict(module_pages())
    index.append("## For other libraries\n")
    names = [Path(page).stem for page in of_modules]
    index.append("".join(f"- [`fastloss.{name}`]({name}.md): {MODULES[name][0]}\n" for name in names))
    index.append("```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n")
    return {"api/index.md": "\n".join(index)} | pages | of_modules


def write_all(repository):
    """Writes what has changed."""
    pages = {page: relinked((ROOT / path).read_text(encoding="utf-8"), path, page, repository)
             for path, page in OUTSIDE.items()}  # fmt: skip
    pages["project/start.md"] = pages["project/start.md"].replace("# fastloss\n", "# Start\n", 1)
    pages |= api_pages()
    for page, text in pages.items():
        path = DOCS / page
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for folder in ("api", "project"):
        for path in (DOCS / folder).iterdir():
            if f"{folder}/{path.name}" not in pages:
                path.unlink()
