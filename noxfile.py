#!/usr/bin/env -S python -m nox --noxfile
# /// script
# dependencies = ["nox>=2025.2.9"]
# ///
"""Checks in environments of their own: `nox` runs the quick ones, `nox --list` names all. .ci/run has everything."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
PROJECT = nox.project.load_toml("pyproject.toml")


def install_group(session, name):
    session.install(*nox.project.dependency_groups(PROJECT, name))


@nox.session(default=True)
def lint(session):
    """Python, Cython, spelling, Markdown."""
    install_group(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("cython-lint", "src")
    session.run("codespell")
    session.run("rumdl", "check", ".")


@nox.session(default=True)
def repository(session):
    """Workflows, metadata, what the source archive contains."""
    install_group(session, "repository")
    session.run("zizmor", "--offline", "--quiet", ".")
    session.run("repo-review", ".")
    session.run("check-manifest")


@nox.session(default=False)
def tests(session):
    """Builds the kernels and runs the suite."""
    session.install("--editable", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(default=False)
def coverage(session):
    """How much of the Python files the suite runs, in child processes too."""
    session.install("--editable", ".[test]")
    install_group(session, "coverage")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session(default=False)
def wheel(session):
    """A wheel that other Linux machines run, tried where there is no compiler."""
    install_group(session, "wheel")
    session.run("python", "tools/build_wheel.py", *session.posargs)


if __name__ == "__main__":
    nox.main()
