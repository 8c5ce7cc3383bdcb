"""The examples of README.md, docs/ and the docstrings are tests."""

from doctest import ELLIPSIS
from importlib.util import find_spec

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """For the files that examples write."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        yield


def compiled(example):
    """Blocks marked `py` need what is not installed everywhere: they are only compiled."""
    compile(example.parsed, example.path, "exec")


# The examples of these need the library. Examples of other pages that need one are between comments, `skip: start if`
# and `skip: end`, to which these names are `missing`.
MISSING = [name for name in ("dask", "jax", "torch") if not find_spec(name)]
WITHOUT_THEM = [path for name in MISSING for path in (f"docs/{name}.md", f"fastloss/{name}/*.py")]

pages = Sybil(
    [SkipParser(), PythonCodeBlockParser(doctest_optionflags=ELLIPSIS), CodeBlockParser("py", compiled)],
    patterns=["README.md", "docs/*.md"],
    excludes=WITHOUT_THEM,
    setup=lambda namespace: namespace.update(missing=MISSING),
    fixtures=["folder"],
)
docstrings = Sybil(
    [DocTestParser(ELLIPSIS)],
    patterns=["fastloss/*.py", "fastloss/*/*.py"],
    excludes=WITHOUT_THEM,
    document_types={".py": PythonDocStringDocument},
)
pytest_collect_file = (pages + docstrings).pytest()
