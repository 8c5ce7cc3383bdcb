"""show_config: what this installation is and what it uses."""

from fastloss import _kernels
from fastloss._kernels import runtime
from fastloss._threads import get_num_threads, last_call

__version__ = "0.1.0"


def show_config():
    """Version, compiler, OpenMP, instruction sets built and in use, threads; as a dict that prints readably.

    ``threads_of_last_call`` says how many threads the last call of this Python thread used, and why not more.

    >>> import fastloss as fl
    >>> config = fl.show_config()
    >>> config["instruction_set"] in config["instruction_sets_built"]
    True
    """
    openmp = runtime.openmp_version()
    return Config(
        version=__version__,
        compiler=runtime.compiler(),
        openmp=openmp or "none: built without OpenMP, one thread",
        instruction_sets_built=_kernels.built(),
        instruction_set=_kernels.selected,
        num_threads=get_num_threads() if openmp else 1,
        threads_of_last_call=last_call(),
    )


class Config(dict):
    def __repr__(self):
        width = max(map(len, self))
        return "\n".join(f"{key:<{width}}  {_text(value)}" for key, value in self.items())


def _text(value):
    return ", ".join(value) if isinstance(value, list) else str(value)
