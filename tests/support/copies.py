"""A copy of the package in a folder of its own, to be spoilt, and a fresh interpreter that imports it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import fastloss as fl


def copy_package(folder, *ignored):
    """fastloss/ in that folder, without the files of those names."""
    ignore = shutil.ignore_patterns("__pycache__", *ignored)
    shutil.copytree(Path(fl.__file__).parent, folder / "fastloss", ignore=ignore)
    return folder


def imported(folder, code="import fastloss", **environment):
    """A fresh interpreter that finds the copy of the package in `folder`: its returncode, and what it says last."""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
    )  # fmt: skip
    return run.returncode, (run.stderr.strip().splitlines() or [run.stdout])[-1]
