"""fastloss.jax where JAX can't be imported, or is too old: an ImportError that says what to install."""

import sys
import types

import pytest


@pytest.fixture
def jax(monkeypatch):
    """Has `import jax` give something else."""

    def replace(module):
        for name in [name for name in sys.modules if name.startswith("fastloss.jax")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "jax", module)

    return replace


def test_none(jax):
    jax(None)
    with pytest.raises(ImportError, match=r"fastloss\.jax needs JAX.*pip install 'fastloss\[jax\]'"):
        import fastloss.jax  # noqa: F401


def test_an_old_one(jax):
    old = types.ModuleType("jax")
    old.__version__ = "0.4.30"
    jax(old)
    with pytest.raises(ImportError, match=r"needs JAX 0\.6 or later, found 0\.4\.30"):
        import fastloss.jax  # noqa: F401
