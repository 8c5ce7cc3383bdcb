"""Chooses the instruction set, once, at import: the best that this processor runs, or the one FASTLOSS_ISA names. All
kernels of it are loaded then."""

import importlib.util
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


def import_kernel(name):
    """A compiled module. One that is missing and one that is there but can't be loaded are told apart."""
    name = f"fastloss._kernels.{name}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):  # neither it nor its folder
            raise
        from fastloss._kernels import _missing

        raise ImportError(f"fastloss's compiled kernels are not here: {_missing.why(name)}. ({error})") from error
    except ImportError as error:
        text = f"fastloss's compiled kernels are here, but can't be loaded: {error}"
        if "cannot open shared object file" in str(error):
            text += " (a library that this system lacks: libgomp is in Debian's package libgomp1, elsewhere in libgomp)"
        raise ImportError(text) from error


with limit_openmp_spin():
    runtime = import_kernel("runtime")
calls = import_kernel("calls")


def has_kernels(instruction_set):
    """Whether they are in this installation; those of another Python, whose modules have its tag, are not. Importers
    are asked, not the file system: a frozen program has no folders, and may leave out some sets."""
    try:
        return importlib.util.find_spec(f"fastloss._kernels.{instruction_set}_f32.kernels") is not None
    except ModuleNotFoundError:
        return False


# Looked at once: a program may give up its files, or the folder they are in, once it has imported all.
_built = tuple(name for name in INSTRUCTION_SETS if has_kernels(name))


def built():
    """The instruction sets in this installation, best last."""
    return list(_built)


def supported():
    """The instruction sets that are built and that this processor runs, best last."""
    return [name for name in built() if name in runtime.supported_instruction_sets()]


class Modules:
    """The kernels of one set and float width, a family each: src/calls.pyx. All that a call can need is loaded at once:
    later it might not be possible, and a module that fails to load fails for good."""

    def __init__(self, instruction_set, bits):
        self._folder = f"{instruction_set}_f{bits}"
        table = import_kernel(f"{self._folder}.kernels").table
        for name, family in calls.FAMILIES[bits].items():
            setattr(self, name, family(table))

    def __getattr__(self, name):
        """Of vecmath_test, which is there for tests only."""
        if name != "vecmath_test":
            raise AttributeError(f"there is no family of kernels {name!r}")
        return import_kernel(f"{self._folder}.{name}")


def load(instruction_set):
    """The kernels of one set, by float width: load("avx2")[32].ctc."""
    return {bits: Modules(instruction_set, bits) for bits in (32, 64)}


def choose():
    named = os.environ.get("FASTLOSS_ISA", "").strip().lower()
    if not named:
        if built() and not supported():
            from fastloss._kernels import _missing

            raise ImportError(_missing.why_no_set(built(), runtime.supported_instruction_sets()))
        return (supported() or ["baseline"])[-1]  # of which import_kernel says that it is not here
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
    """The kernels in use for float32 or float64."""
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
