"""The modules of fastloss that have another library's names and conventions, each beside its counterpart: the library
itself, or what its users write, in the same call.

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


COUNTERPARTS = {
    "torch": Counterpart("PyTorch", "forward and backward", ("torch",)),
    "jax": Counterpart("optax", "value and gradient", ("jax", "optax")),
    "metrics": Counterpart("scikit-learn", "value", ("scikit-learn",)),
    "boosting": Counterpart("NumPy", "gradient and curvature", ("numpy",)),
    "dask": Counterpart("Dask", "value", ("dask",)),
}


class Case(NamedTuple):
    """`draw(rng, shape)` gives our call and the other's, which must return the same numbers."""

    module: str
    call: str
    shape: tuple
    size: str
    draw: Callable
    when: str = "full"  # or "quick": always
    is_headline: bool = False  # whether the README shows it
    tolerance: float = 1e-5

    @property
    def name(self):
        return f"fastloss.{self.module} {self.call} {self.size}"


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


def check(case, ours, theirs):
    """That both do the same work: a comparison of different ones would say nothing."""
    for found, expected in zip(map(np.asarray, ours()), map(np.asarray, theirs()), strict=True):
        scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=case.tolerance * scale, err_msg=case.name)
