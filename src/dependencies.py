"""Which source reads which: setup.py rebuilds by it, and tools/checks/layers.py holds the layers to it."""

import re
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parent
# `include "row.pxi"`, `cdef extern from "core/lanes.h"`, `#include "core/real.h"`; <stdint.h> is not ours.
NAMED = re.compile(r'^\s*(?:include|cdef extern from|#\s*include)\s+"([^"]+)"', re.MULTILINE)
CIMPORTED = re.compile(r"^\s*(?:from\s+([\w.]+)\s+cimport\b|cimport\s+([\w.]+))", re.MULTILINE)


@cache
def read_by(path):
    """The sources that one source names, as paths below src/."""
    text = (SOURCE / path).read_text()
    found = [name if (SOURCE / name).exists() else str(Path(path).parent / name) for name in NAMED.findall(text)]
    found += [folder_of(match[0] or match[1]) for match in CIMPORTED.findall(text)]
    found.append(str(Path(path).with_suffix(".pxd")) if path.endswith(".pyx") else "")
    return tuple(dict.fromkeys(name for name in found if name and (SOURCE / name).exists()))


def folder_of(module):
    """core -> core/core.pxd; fastloss._kernels.runtime -> parallel/runtime.pxd; "" for what is not ours."""
    name = module.removeprefix("fastloss._kernels.") + ".pxd"
    return next((str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.pxd") if path.name == name), "")


def all_read_by(path):
    """The same, with what those name in turn, and so on; sorted."""
    found, left = set(), [path]
    while left:
        for name in read_by(left.pop()):
            if name not in found:
                found.add(name)
                left.append(name)
    return sorted(found)
