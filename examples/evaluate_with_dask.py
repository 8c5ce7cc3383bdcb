"""Evaluates a model's logits, in a file larger than memory, in several processes on this machine.

    python examples/evaluate_with_dask.py --check               # a small file of made-up logits: seconds
    python examples/evaluate_with_dask.py --rows 4000000        # 16 GB
    python examples/evaluate_with_dask.py --logits logits.npy --labels labels.npy

Every worker reads its rows from the file itself, as many at a time as fit into a block; what it sends is the sum of the
losses of a block, in a few numbers. The mean has the same bits for any blocks and workers.

Needs dask, distributed and tqdm besides fastloss: pip install -e ".[examples,dask]"
"""

import argparse
import os
import sys
import tempfile
import time

import command_line

if __name__ == "__main__":
    command_line.end_in_one_line()

import dask.array as da
import distributed
import numpy as np
from tqdm import tqdm

import fastloss as fl
import fastloss.dask as fd


class NpyFile:
    """An array in a .npy file, of which Dask reads a block at a time. To another process goes its path alone; of
    np.memmap it would be the numbers."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        array = self.opened()
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def opened(self):
        return np.load(self.path, mmap_mode="r")

    def __getitem__(self, places):
        return np.array(self.opened()[places])

    def blocks(self, rows):
        """A Dask array of so many rows a block."""
        return da.from_array(self, chunks=(rows, *self.shape[1:]))


def write_made_up(folder, rows, classes, at_a_time):
    """Logits of a model that is mostly right, and labels, of which some are -100: these do not count."""
    paths = os.path.join(folder, "logits.npy"), os.path.join(folder, "labels.npy")
    logits = np.lib.format.open_memmap(paths[0], "w+", np.float32, (rows, classes))
    labels = np.lib.format.open_memmap(paths[1], "w+", np.int64, (rows,))
    for start in tqdm(range(0, rows, at_a_time), "writing", file=sys.stderr):
        rng, stop = np.random.default_rng(start), min(start + at_a_time, rows)
        labels[start:stop] = rng.integers(0, classes, stop - start)
        piece = rng.standard_normal((stop - start, classes), dtype=np.float32)
        piece[np.arange(stop - start), labels[start:stop]] += 5
        logits[start:stop] = piece
        labels[start:stop][rng.random(stop - start) < 0.05] = -100
    return paths


def evaluate(logits, labels, rows):
    """Mean cross-entropy, and the share of rows whose label has the largest logit: Dask arrays of one number."""
    scores, wanted = logits.blocks(rows), labels.blocks(rows)
    counts = wanted != -100
    is_right = (scores.argmax(axis=1) == wanted) & counts
    return fd.cross_entropy(scores, wanted), is_right.sum() / counts.sum()


def npy_path(text):
    try:
        np.load(text, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"can't be read: {error}") from None
    return text


def parse_arguments():
    arguments = command_line.parser(__doc__.partition("\n")[0])
    integer = command_line.integer_from
    arguments.add_argument(
        "--logits", metavar="FILE", type=npy_path, help="a .npy file of shape (rows, classes); else made up"
    )
    arguments.add_argument(
        "--labels", metavar="FILE", type=npy_path, help="a .npy file of shape (rows,); -100 does not count"
    )
    arguments.add_argument("--rows", metavar="N", type=integer(1), default=40_000, help="rows of made-up logits")
    arguments.add_argument("--classes", metavar="N", type=integer(1), default=1000, help="classes of made-up logits")
    arguments.add_argument("--block", metavar="N", type=integer(1), default=4000, help="rows of a block")
    arguments.add_argument("--workers", metavar="N", type=integer(1), default=2, help="processes, of a thread each")
    arguments.add_argument("--memory", metavar="SIZE", default="400MB", help="the most memory a process may have")
    arguments.add_argument("--folder", metavar="PATH", default=tempfile.gettempdir(), help="where to write")
    arguments.add_argument("--check", action="store_true", help="compare with one call of fastloss for the whole file")
    found = arguments.parse_args()
    if (found.logits is None) != (found.labels is None):
        arguments.error("--logits and --labels belong together")
    return found


def main():
    options = parse_arguments()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        paths = options.logits, options.labels
        if options.logits is None:
            paths = write_made_up(folder, options.rows, options.classes, options.block)
        logits, labels = map(NpyFile, paths)
        size = os.path.getsize(logits.path) / 1e6
        rows, classes = logits.shape
        print(f"{rows} rows of {classes} classes, {size:.0f} MB; a process may have {options.memory}")
        with (
            distributed.LocalCluster(
                n_workers=options.workers, threads_per_worker=1, memory_limit=options.memory, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            start = time.perf_counter()
            futures = client.compute(evaluate(logits, labels, options.block))
            distributed.progress(futures, notebook=False)
            loss, accuracy = client.gather(futures)
            seconds = time.perf_counter() - start
        print(f"\ncross-entropy {loss:.6f}, perplexity {np.exp(loss):.3f}, accuracy {accuracy:.4f}; {seconds:.1f} s")
        if options.check:
            whole = fl.cross_entropy(logits.opened(), labels.opened())
            print(f"one call for the whole file: {whole:.6f}, {'the same bits' if whole == loss else 'other bits'}")


if __name__ == "__main__":
    main()
