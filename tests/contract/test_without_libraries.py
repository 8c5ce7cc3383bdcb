"""Modules for another library where that can't be imported, or is too old: an ImportError that says what to install."""

import importlib
import sys
import types

import pytest

OLD = {  # library: its name in texts, a version that is too old, the oldest that is not
    "dask": ("Dask", "2024.8.0", "2024.12"),
    "jax": ("JAX", "0.4.30", "0.6"),
    "torch": ("PyTorch", "1.13", "2.5"),
}
each_library = pytest.mark.parametrize("library", OLD)


@pytest.fixture
def replace(monkeypatch):
    """Has `import library` give something else."""

    def replace(library, module):
        for name in [name for name in sys.modules if name.startswith(f"fastloss.{library}")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, library, module)

    return replace


@each_library
def test_none(replace, library):
    replace(library, None)
    text = rf"fastloss\.{library} needs {OLD[library][0]}.*pip install 'fastloss\[{library}\]'"
    with pytest.raises(ImportError, match=text):
        importlib.import_module(f"fastloss.{library}")


@each_library
def test_an_old_one(replace, library):
    title, version, oldest = OLD[library]
    old = types.ModuleType(library)
    old.__version__, old.library = version, types.SimpleNamespace()
    replace(library, old)
    with pytest.raises(ImportError, match=rf"needs {title} {oldest} or later, found {version}"):
        importlib.import_module(f"fastloss.{library}")
