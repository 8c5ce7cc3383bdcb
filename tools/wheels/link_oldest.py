"""Links extension modules so that they run on a C library as old as possible: the value of LDSHARED for setup.py.

The one module that has OpenMP also uses what newer C libraries have moved or changed (dlopen, dladdr), so that it alone
would need the version it was linked on. zig links it against the symbols of an older one, and against the OpenMP
library FASTLOSS_LIBGOMP, which must be as old. The others are linked by the C compiler, without what the interpreter's
own build adds, such as a search path for libraries on this machine.
"""

import os
import platform
import subprocess
import sys

GLIBC = "2.17"


def link_command(arguments):
    if "-fopenmp" not in arguments:
        return ["cc", "-shared", *arguments]
    target = f"{platform.machine()}-linux-gnu.{GLIBC}"
    rest = [argument for argument in arguments if argument != "-fopenmp"]
    return [sys.executable, "-m", "ziglang", "cc", "-target", target, "-shared", *rest, os.environ["FASTLOSS_LIBGOMP"]]


if __name__ == "__main__":
    sys.exit(subprocess.run(link_command(sys.argv[1:]), check=False).returncode)
