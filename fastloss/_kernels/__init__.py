"""Chooses the instruction set, once, at import: the best that this processor runs, or the one FASTLOSS_ISA names."""

import importlib
import os
from contextlib import contextmanager

INSTRUCTION_SETS = ("baseline", "avx2", "avx512")


@contextmanager
def limit_openmp_spin():
    """GNU OpenMP's threads wait by spinning for milliseconds, and on a busy machine they spin against the very thread
    they wait for: two threads were up to a hundred times slower than one. The library reads how long to spin when it
    is loaded, that is now; what the user has set stands, and the environment is left as it was."""
    if "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "1000"
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


try:
    with limit_openmp_spin():
        from fastloss._kernels import runtime
except ImportError as error:
    raise ImportError(
        "fastloss's compiled kernels are not here. In a checkout of the source, build them first with "
        "`pip install -e .` (it needs a C compiler); elsewhere, install the package with `pip install fastloss`. "
        f"({error})"
    ) from error


def built():
    """The instruction sets in this installation, best last."""
    here = os.path.dirname(__file__)
    found = []
    for name in INSTRUCTION_SETS:
        if any(file.startswith("ctc.") for file in os.listdir(os.path.join(here, f"{name}_f32"))):
            found.append(name)
    return found


def supported():
    """The instruction sets that are built and that this processor runs, best last."""
    return [name for name in built() if name in runtime.supported_instruction_sets()]


class Modules:
    """The kernel modules of one set and float width; each is imported when it is first asked for."""

    def __init__(self, folder):
        self._folder = folder

    def __getattr__(self, name):
        module = importlib.import_module(f"fastloss._kernels.{self._folder}.{name}")
        setattr(self, name, module)
        return module


def load(instruction_set):
    """The kernel modules of one set, by float width: load("avx2")[32].ctc."""
    return {bits: Modules(f"{instruction_set}_f{bits}") for bits in (32, 64)}


def choose():
    named = os.environ.get("FASTLOSS_ISA", "").strip().lower()
    if not named:
        return supported()[-1]
    if named not in INSTRUCTION_SETS:
        known = ", ".join(map(repr, INSTRUCTION_SETS))
        raise ImportError(f"FASTLOSS_ISA={named!r} is no instruction set of fastloss: it knows {known}")
    if named not in built():
        raise ImportError(f"FASTLOSS_ISA={named!r}: this installation was built for {', '.join(built())} only")
    if named not in supported():
        raise ImportError(f"FASTLOSS_ISA={named!r}: this processor lacks it; it runs {', '.join(supported())}")
    return named


selected = choose()
_kernels = load(selected)


def kernels(bits):
    """The modules in use for float32 or float64."""
    return _kernels[bits]


_kept = []


def per_instruction_set(make):
    """[make(kernels(32)), make(kernels(64))], kept up to date when the instruction set changes."""
    made = [make(_kernels[bits]) for bits in (32, 64)]
    _kept.append((made, make))
    return made


def _switch(instruction_set, modules):
    global _kernels, selected
    selected, _kernels = instruction_set, modules
    for made, make in _kept:
        made[:] = [make(_kernels[bits]) for bits in (32, 64)]


@contextmanager
def use(instruction_set):
    """Another instruction set for a while, in the whole process: for tests and benchmarks."""
    before = selected, _kernels
    _switch(instruction_set, load(instruction_set))
    try:
        yield
    finally:
        _switch(*before)
