"""Fails where a source in src/ reads one of a layer above its own; prints the graph of the folders.

    python tools/checks/layers.py

What reads what comes from src/dependencies.py, by which setup.py rebuilds. An arrow points down only:

    calls.pyx, kernels.pyx -> ctc -> rowwise/row.pxi -> parallel -> core        elementwise -> parallel, core
    xla
"""

import sys
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
SOURCES = {".pyx", ".pxd", ".pxi", ".h"}

# Layer -> folders and files that its sources may read besides their own.
MAY_READ = {
    "core": (),
    "parallel": ("core",),
    "elementwise": ("parallel", "core"),
    "rowwise": ("parallel", "core"),
    "ctc": ("parallel", "core", "rowwise/row.pxi"),
    "validation.pxi": ("look_job.pxi",),
    "kernel_table.h": ("parallel", "core", "elementwise/element_loss.h", "rowwise/row_loss.h"),
    "table.h": ("kernel_table.h", "parallel", "core"),
    "kernels.pyx": ("table.h", "look_job.pxi", "parallel", "core"),
    "calls.pxd": ("kernel_table.h", "ctc", "rowwise", "elementwise", "parallel", "core"),
    "calls.pyx": ("calls.pxd", "validation.pxi", "ctc", "rowwise", "elementwise", "parallel", "core"),
    "vecmath_test.pyx": ("parallel", "core"),
    "xla": (),
}

sys.path.insert(0, str(SOURCE))
from dependencies import read_by  # noqa: E402 (it lies beside the sources, which are no package)


def layer(path):
    """The folder of a source, or the source itself where it lies above the folders."""
    return path.partition("/")[0]


def is_allowed(reader, read):
    above = MAY_READ.get(layer(reader), ())
    return layer(read) == layer(reader) or layer(read) in above or read in above


def arrows():
    """(source, what it reads), for every source."""
    paths = sorted(str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.suffix in SOURCES)
    return [(path, read) for path in paths for read in read_by(path)]


def main():
    graph = defaultdict(set)
    for reader, read in arrows():
        if layer(reader) != layer(read):
            graph[layer(reader)].add(layer(read))
    for name, below in sorted(graph.items()):
        print(f"{name} -> {', '.join(sorted(below))}")
    wrong = [f"error: src/{reader} reads {read}" for reader, read in arrows() if not is_allowed(reader, read)]
    unknown = sorted({layer(reader) for reader, _ in arrows()} - MAY_READ.keys())
    wrong += [f"error: src/{name} has no line in MAY_READ" for name in unknown]
    sys.exit("\n".join(wrong) or 0)


if __name__ == "__main__":
    main()
