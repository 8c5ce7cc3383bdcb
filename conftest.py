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


WITHOUT_TORCH = [] if find_spec("torch") else ["docs/torch.md", "fastloss/torch/*.py"]  # whose examples need it

pages = Sybil(
    [PythonCodeBlockParser(doctest_optionflags=ELLIPSIS), CodeBlockParser("py", compiled)],
    patterns=["README.md", "docs/*.md"],
    excludes=WITHOUT_TORCH,
    fixtures=["folder"],
)
docstrings = Sybil(
    [DocTestParser(ELLIPSIS)],
    patterns=["fastloss/*.py", "fastloss/*/*.py"],
    excludes=WITHOUT_TORCH,
    document_types={".py": PythonDocStringDocument},
)
pytest_collect_file = (pages + docstrings).pytest()
