"""threadpoolctl's limits hold for fastloss too, whichever of the two is imported first. Neither imports the other."""

import os
import sys

from fastloss import _threads
from fastloss._kernels import runtime

_NAME = "threadpoolctl"


def register(threadpoolctl, version):
    """Makes fastloss known to the module, in the versions (from 3.2 on) to which libraries can be made known."""
    if not hasattr(threadpoolctl, "register"):
        return

    class FastlossController(threadpoolctl.LibController):
        """Of the number that `fastloss.set_num_threads` sets, in the whole process."""

        user_api = "openmp"  # so `threadpool_limits(1, user_api="openmp")` means fastloss too
        internal_api = "fastloss"
        filename_prefixes = (os.path.basename(os.path.realpath(runtime.__file__)).lower(),)
        check_symbols = ("fastloss_runtime",)  # other packages may have a file of that name

        def get_num_threads(self):
            return _threads.get_num_threads()

        def set_num_threads(self, num_threads):
            _threads.set_num_threads(num_threads)

        def get_version(self):
            return version

    threadpoolctl.register(FastlossController)


def register_when_loaded(version):
    """Now, if threadpoolctl is loaded; else when it is. It asks nobody whom it might control, so a limit that is set
    right after its import is in time only if that import is noticed."""
    module = sys.modules.get(_NAME)
    if module is None:
        sys.meta_path.insert(0, _Finder(version))
    else:
        register(module, version)


class _Finder:
    """Finds threadpoolctl as the other finders do, and is gone once it is loaded."""

    def __init__(self, version):
        self.version = version

    def find_spec(self, name, path=None, target=None):
        if name != _NAME:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self)
        return spec


class _Loader:
    """Another loader, after which the module is told of fastloss."""

    def __init__(self, loader, finder):
        self._loader = loader
        self._finder = finder

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
            register(module, self._finder.version)
