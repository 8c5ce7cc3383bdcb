"""What is said where the compiled kernels are missing or can't be used: what is so, and what helps. Each situation is
made from a copy of the package."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
from copies import copy_package, imported

from fastloss import _kernels

MODULES = ("*.so", "*.pyd")
NOT_HERE = "ImportError: fastloss's compiled kernels are not here: "


def modules_of(folder, name="*"):
    return [path for path in folder.rglob(f"{name}.*") if path.suffix in (".so", ".pyd")]


def make_checkout(folder, *ignored):
    """As a checkout has it: the package beside setup.py and src/."""
    copy_package(folder, *ignored)
    (folder / "setup.py").touch()
    (folder / "src").mkdir()
    return folder


# Whatever fastloss the tests themselves use: it is installed in the environment, and must not be found there.
HIDE_INSTALLED = """if True:
    import importlib.util, sys
    class Hiding:
        def __init__(self, finder):
            self.finder = finder
        def find_spec(self, name, path=None, target=None):
            spec = self.finder.find_spec(name, path, target)
            return None if name == "fastloss" and spec and not spec.origin.startswith({folder!r}) else spec
    sys.meta_path[:] = map(Hiding, sys.meta_path)
"""


def refused(tmp_path, folder, code="", **environment):
    """What an import in that folder says, where no other fastloss is installed but below tmp_path."""
    code = HIDE_INSTALLED.format(folder=str(tmp_path)) + code + "\n    import fastloss"
    status, last = imported(folder, code, **environment)
    assert status == 1, last
    return last


def builds(folder):
    return f"`{sys.executable} -m pip install -e {folder}`"


def test_a_checkout_that_is_not_built(tmp_path):
    checkout = make_checkout(tmp_path, *MODULES)
    last = refused(tmp_path, checkout)
    assert last.startswith(f"{NOT_HERE}{checkout} is a checkout that has not been built; ")
    assert builds(checkout) in last
    assert "C compiler" in last


def test_a_package_without_kernels_that_is_no_checkout(tmp_path):
    last = refused(tmp_path, copy_package(tmp_path, *MODULES))
    assert last.startswith(f"{NOT_HERE}{tmp_path} has the package without them; ")
    assert "--force-reinstall" in last
    assert "pip install -e" not in last


@pytest.mark.skipif(len(EXTENSION_SUFFIXES) < 2, reason="modules have no tag here")
def test_a_checkout_built_by_another_python(tmp_path):
    checkout = make_checkout(tmp_path)
    for path in modules_of(checkout):
        path.rename(path.with_name(path.name.partition(".")[0] + f".cpython-30-riscv{EXTENSION_SUFFIXES[-1]}"))
    last = refused(tmp_path, checkout)
    this = EXTENSION_SUFFIXES[0].split(".")[1]
    assert last.startswith(f"{NOT_HERE}{checkout}/fastloss/_kernels has those of cpython-30-riscv, and this is {this};")
    assert builds(checkout) in last


@pytest.mark.parametrize("editable", [False, True], ids=["installed", "editable"])
def test_a_checkout_before_an_installed_package(tmp_path, editable):
    """Python finds the checkout first where it is started there; what is installed is named."""
    checkout = make_checkout(tmp_path / "checkout", *MODULES)
    installed = copy_package(tmp_path / "installed")
    code = f"    sys.path.append({str(installed)!r})"
    if editable:  # by a finder, as setuptools makes one for an editable installation
        code = f"""
    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            file = {str(installed / "fastloss" / "__init__.py")!r}
            return importlib.util.spec_from_file_location(name, file) if name == "fastloss" else None
    sys.meta_path.append(Finder)"""
    last = refused(tmp_path, checkout, code)
    assert last.startswith(f"{NOT_HERE}fastloss is installed in {installed}/fastloss, but Python found the one in ")
    assert f"{checkout} first" in last
    assert "start it in another folder" in last
    assert builds(checkout) in last


def test_another_checkout_without_kernels_is_no_installed_package(tmp_path):
    checkout, other = (make_checkout(tmp_path / name, *MODULES) for name in ("first", "second"))
    last = refused(tmp_path, checkout, f"    sys.path.append({str(other)!r})")
    assert "has not been built" in last
    assert str(other) not in last


@pytest.mark.parametrize("name", ["runtime", "calls", "of a set"])
@pytest.mark.parametrize("make", [make_checkout, copy_package], ids=["checkout", "installed"])
def test_a_module_that_is_missing_among_others(tmp_path, make, name):
    make(tmp_path)
    kernels = tmp_path / "fastloss" / "_kernels"
    in_sets = [path for path in modules_of(kernels) if path.parent != kernels]
    for path in in_sets if name == "of a set" else modules_of(kernels, name):
        path.unlink()
    last = refused(tmp_path, tmp_path)
    missing, text, _ = last.removeprefix(NOT_HERE).partition(f" is missing in {kernels}, though others are there: ")
    assert text, last
    assert missing.startswith("fastloss._kernels.baseline_f" if name == "of a set" else f"fastloss._kernels.{name}")
    assert (builds(tmp_path) if make is make_checkout else "--force-reinstall") in last


def test_a_frozen_program(tmp_path):
    """One that a tool has made without the modules, since nothing imports them by a statement."""
    copy_package(tmp_path, *MODULES)
    last = refused(tmp_path, tmp_path, "    sys.frozen = True")
    assert last.startswith(NOT_HERE + "this frozen program was made without fastloss._kernels.runtime")
    assert "--collect-submodules fastloss" in last
    assert "pip install" not in last


# The processor's sets can't be changed, so what the runtime module says of them is, before the package looks.
OLD_PROCESSOR = """
    spec = importlib.util.spec_from_file_location("fastloss._kernels.runtime", {path!r})
    runtime = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runtime)
    runtime.supported_instruction_sets = lambda: ["none of them"]"""


def test_sets_of_which_this_processor_runs_none(tmp_path):
    checkout = make_checkout(tmp_path)
    (runtime,) = modules_of(checkout, "runtime")
    last = refused(tmp_path, checkout, OLD_PROCESSOR.format(path=str(runtime)))
    built = ", ".join(_kernels.built())
    assert last.startswith(f"ImportError: fastloss in {checkout} was built for {built} only, and this processor runs ")
    assert "none of them; with FASTLOSS_BUILD unset, build it with" in last


def test_a_set_that_was_not_built(tmp_path):
    copy_package(tmp_path)
    absent = next(name for name in _kernels.INSTRUCTION_SETS if name != _kernels.selected)
    for path in modules_of(tmp_path):
        if path.parent.name.startswith(absent):
            path.unlink()
    last = refused(tmp_path, tmp_path, FASTLOSS_ISA=absent)
    assert f"FASTLOSS_ISA={absent!r}: this installation was built for " in last
    assert absent not in last.partition("built for")[2]
    assert imported(tmp_path, FASTLOSS_ISA="")[0] == 0


def test_a_library_that_the_system_lacks(tmp_path):
    copy_package(tmp_path)
    (runtime,) = modules_of(tmp_path, "runtime")
    code = runtime.read_bytes()
    if b"\0libgomp" not in code:
        pytest.skip("built without GNU OpenMP")
    runtime.write_bytes(code.replace(b"\0libgomp", b"\0libgone"))
    last = refused(tmp_path, tmp_path)
    assert last.startswith("ImportError: fastloss's compiled kernels are here, but can't be loaded: libgone")
    assert "libgomp1" in last
    assert "pip install" not in last
