"""The examples of README.md, docs/ and the docstrings are tests."""

from doctest import ELLIPSIS

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


pages = Sybil(
    [PythonCodeBlockParser(doctest_optionflags=ELLIPSIS), CodeBlockParser("py", compiled)],
    patterns=["README.md", "docs/*.md"],
    fixtures=["folder"],
)
docstrings = Sybil(
    [DocTestParser(ELLIPSIS)],
    patterns=["fastloss/*.py", "fastloss/*/*.py"],
    document_types={".py": PythonDocStringDocument},
)
pytest_collect_file = (pages + docstrings).pytest()
