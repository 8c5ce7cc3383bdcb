"""Why compiled modules are not here, and what helps: the texts of ImportErrors. Imported only where they are needed."""

import inspect
import os
import shlex
import sys
from importlib.machinery import EXTENSION_SUFFIXES

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(FOLDER))  # what Python found the package in: site-packages, a checkout
THIS_PYTHON = EXTENSION_SUFFIXES[0].strip(".").partition(".")[0]  # cpython-311-x86_64-linux-gnu


def why(name):
    """What to say of a module that Python has not found."""
    if getattr(sys, "frozen", False):
        return (
            f"this frozen program was made without {name}, which is imported by its name at run time: have the tool "
            "collect all modules of the package, PyInstaller by `--collect-submodules fastloss`"
        )
    ours, others = modules_below(FOLDER)
    if ours:
        return f"{name} is missing in {FOLDER}, though others are there: it is incomplete; {remedy()}"
    elsewhere = found_elsewhere()
    if elsewhere:
        return (
            f"fastloss is installed in {elsewhere}, but Python found the one in {ROOT} first, since it was started "
            f"there or PYTHONPATH says so; start it in another folder, or {remedy()}"
        )
    if others:
        return f"{FOLDER} has those of {', '.join(others)}, and this is {THIS_PYTHON}; start that Python, or {remedy()}"
    state = "is a checkout that has not been built" if is_checkout() else "has the package without them"
    return f"{ROOT} {state}; {remedy()}"


def why_no_set(built, supported):
    """What to say where none of the instruction sets that are here can be used."""
    return (
        f"fastloss in {ROOT} was built for {', '.join(built)} only, and this processor runs {', '.join(supported)}; "
        f"with FASTLOSS_BUILD unset, {remedy()}"
    )


def modules_below(folder):
    """The files of compiled modules for this Python, and the tags of those for others."""
    files = [file for _, _, files in os.walk(folder) for file in files if file.endswith((".so", ".pyd"))]
    others = [file for file in files if "." in (inspect.getmodulename(file) or file)]  # their tag is left
    return sorted({*files} - {*others}), sorted({file.split(".")[1] for file in others})


def found_elsewhere():
    """The folder of another fastloss, with kernels, that Python would import if this one did not come first."""
    paths = [path for path in sys.path if os.path.realpath(path) != os.path.realpath(ROOT)]
    for finder in sys.meta_path:  # of which an editable installation may have one of its own
        spec = finder.find_spec("fastloss", paths) if hasattr(finder, "find_spec") else None
        if spec and spec.origin:
            folder = os.path.dirname(spec.origin)
            if modules_below(os.path.join(folder, "_kernels"))[0]:
                return folder
    return None


def is_checkout():
    return os.path.isfile(os.path.join(ROOT, "setup.py")) and os.path.isdir(os.path.join(ROOT, "src"))


def remedy():
    pip = f"{shlex.quote(sys.executable or 'python')} -m pip install"
    if is_checkout():
        return f"build it with `{pip} -e {shlex.quote(ROOT)}`, which needs a C compiler and takes a minute or two"
    return f"install it again with `{pip} --force-reinstall` and what it was installed from"
