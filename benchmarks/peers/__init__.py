"""The other libraries: what each is called, what it needs, and the calls that it has for a case.

A module of this package has `call(case, arrays, tuned)`: a call without arguments that does the same work as ours, or
None where the library has nothing for it. Written plainly it is what the library's users write; `tuned`, the result's
place is used again where the library allows it. What a call returns is read by the module's `read`, if it has one.
"""

import importlib
import importlib.metadata
import os
from typing import NamedTuple

import numpy as np


class Peer(NamedTuple):
    label: str
    distributions: tuple = ()  # what must be installed


PEERS = {
    "torch_eager": Peer("PyTorch", ("torch",)),
    "torch_compiled": Peer("PyTorch compiled", ("torch",)),
    "jax": Peer("JAX + optax", ("jax", "optax")),
    "numpy": Peer("NumPy", ("numpy",)),
    "scipy": Peer("SciPy", ("scipy",)),
    "sklearn": Peer("scikit-learn", ("scikit-learn", "scipy")),
    "numba": Peer("numba", ("numba",)),
    "simsimd": Peer("simsimd", ("simsimd",)),
    "onnxruntime": Peer("onnxruntime", ("onnxruntime", "onnx")),
}


def versions(name):
    """Of the distributions that a peer needs, by name; None if one of them is missing."""
    try:
        return {needed: importlib.metadata.version(needed) for needed in PEERS[name].distributions}
    except importlib.metadata.PackageNotFoundError:
        return None


def threads():
    """For libraries that do not read the environment themselves."""
    return int(os.environ.get("OMP_NUM_THREADS", 1))


def load(name):
    return importlib.import_module(f"benchmarks.peers.{name}")


def read(peer, case, result):
    """The numbers and arrays that a call returned, as NumPy arrays."""
    if hasattr(peer, "read"):
        return peer.read(case, result)
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]
