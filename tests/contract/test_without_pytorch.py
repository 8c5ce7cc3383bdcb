"""fastloss.torch where PyTorch can't be imported, or is too old: an ImportError that says what to install."""

import sys
import types

import pytest


@pytest.fixture
def pytorch(monkeypatch):
    """Has `import torch` give something else."""

    def replace(module):
        for name in [name for name in sys.modules if name.startswith("fastloss.torch")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "torch", module)

    return replace


def test_none(pytorch):
    pytorch(None)
    with pytest.raises(ImportError, match=r"fastloss\.torch needs PyTorch.*pip install 'fastloss\[torch\]'"):
        import fastloss.torch  # noqa: F401


def test_an_old_one(pytorch):
    old = types.ModuleType("torch")
    old.library, old.__version__ = types.SimpleNamespace(), "1.13"
    pytorch(old)
    with pytest.raises(ImportError, match=r"needs PyTorch 2\.5 or later, found 1\.13"):
        import fastloss.torch  # noqa: F401
