"""The modules of fastloss that have another library's names and conventions, each beside its counterpart: the library
itself, or what its users write, in the same call. And what fastloss has for language models, beside what is written
elsewhere for it.

A module of this package has CASES. A new one is such a module and a line in COUNTERPARTS.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Counterpart(NamedTuple):
    label: str  # of the library
    what: str  # is called
    distributions: tuple  # what must be installed
    package: str  # of ours


COUNTERPARTS = {
    "torch": Counterpart("PyTorch", "forward and backward", ("torch",), "fastloss.torch"),
    "jax": Counterpart("optax", "value and gradient", ("jax", "optax"), "fastloss.jax"),
    "metrics": Counterpart("scikit-learn", "value", ("scikit-learn",), "fastloss.metrics"),
    "boosting": Counterpart("NumPy", "gradient and curvature", ("numpy",), "fastloss.boosting"),
    "dask": Counterpart("Dask", "value", ("dask",), "fastloss.dask"),
    "language": Counterpart("NumPy", "value", ("torch", "jax", "optax"), "fastloss"),
}


class Case(NamedTuple):
    """`draw(rng, shape)` gives our call and the other's, which must return the same numbers.

    `beside` and `what` are those of the module's Counterpart, unless they are given.
    """

    module: str
    call: str
    shape: tuple
    size: str
    draw: Callable
    when: str = "full"  # or "quick": always
    is_headline: bool = False  # whether the README shows it
    tolerance: float = 1e-5
    beside: str = ""
    what: str = ""

    @property
    def name(self):
        """Names the other library where it is not the module's own."""
        beside = f" beside {self.beside}" if self.beside else ""
        return f"{COUNTERPARTS[self.module].package} {self.call} {self.size}{beside}"

    def description(self):
        """What the pages say of it."""
        about = COUNTERPARTS[self.module]
        return {
            "name": self.name,
            "package": about.package,
            "call": self.call,
            "what": self.what or about.what,
            "size": self.size,
            "beside": self.beside or about.label,
            "is_headline": self.is_headline,
        }


def cases(module):
    return importlib.import_module(f"benchmarks.counterparts.{module}").CASES


def installed():
    """The names of those whose library is there, and versions by distribution."""
    names, versions = [], {}
    for name, counterpart in COUNTERPARTS.items():
        try:
            versions |= {needed: importlib.metadata.version(needed) for needed in counterpart.distributions}
            names.append(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return names, versions


def numbers(part):
    """A tensor as doubles: NumPy has no bfloat16."""
    return np.asarray(part.double() if hasattr(part, "double") else part)


def check(case, ours, theirs):
    """That both do the same work: a comparison of different ones would say nothing."""
    for found, expected in zip(map(numbers, ours()), map(numbers, theirs()), strict=True):
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=case.tolerance * scale, err_msg=case.name)
