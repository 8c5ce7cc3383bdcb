"""For PyInstaller, which asks installed packages for hooks: pyproject.toml names `hook_dirs` as an entry point."""

import os


def hook_dirs():
    return [os.path.dirname(__file__)]
