"""fastloss.dask where Dask can't be imported, or is too old: an ImportError that says what to install."""

import sys
import types

import pytest


@pytest.fixture
def dask(monkeypatch):
    """Has `import dask` give something else."""

    def replace(module):
        for name in [name for name in sys.modules if name.startswith("fastloss.dask")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "dask", module)

    return replace


def test_none(dask):
    dask(None)
    with pytest.raises(ImportError, match=r"fastloss\.dask needs Dask.*pip install 'fastloss\[dask\]'"):
        import fastloss.dask  # noqa: F401


def test_an_old_one(dask):
    old = types.ModuleType("dask")
    old.__version__ = "2024.8.0"
    dask(old)
    with pytest.raises(ImportError, match=r"needs Dask 2024\.12 or later, found 2024\.8\.0"):
        import fastloss.dask  # noqa: F401
