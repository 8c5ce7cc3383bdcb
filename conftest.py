"""The examples of README.md, docs/ and the docstrings are tests."""

from doctest import ELLIPSIS
from importlib.util import find_spec

import pytest
from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
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


NEED = {"torch": ["docs/torch.md", "fastloss/torch/*.py"], "dask": ["docs/dask.md", "fastloss/dask/*.py"]}
MISSING = [pattern for library, patterns in NEED.items() if not find_spec(library) for pattern in patterns]

pages = Sybil(
    [PythonCodeBlockParser(doctest_optionflags=ELLIPSIS), CodeBlockParser("py", compiled)],
    patterns=["README.md", "docs/*.md"],
    excludes=MISSING,
    fixtures=["folder"],
)
docstrings = Sybil(
    [DocTestParser(ELLIPSIS)],
    patterns=["fastloss/*.py", "fastloss/*/*.py"],
    excludes=MISSING,
    document_types={".py": PythonDocStringDocument},
)
pytest_collect_file = (pages + docstrings).pytest()
