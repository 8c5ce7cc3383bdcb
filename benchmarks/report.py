"""The table at the end of a run."""

import fastloss as fl
from benchmarks.peers import torch as torch_peer

HEADER = ("name", "size", "bytes", "time", "ns/item", "copies", "x torch", "value err", "grad err", "")


def seconds(number):
    return with_unit(number, {"s": 1, "ms": 1e-3, "us": 1e-6})


def size_in_bytes(number):
    return with_unit(number, {"MB": 1e6, "kB": 1e3, "B": 1})


def with_unit(number, units):
    unit = next((unit for unit, scale in units.items() if number >= scale), list(units)[-1])
    return f"{number / units[unit]:.3g} {unit}"


def line(row):
    """The cells of one benchmark; those that were not measured stay empty."""
    info = row["info"]

    def cell(name, format):
        return format(info[name]) if name in info else ""

    return (
        row["name"],
        row["size"],
        cell("bytes", size_in_bytes),
        cell("seconds", seconds),
        cell("ns_per_item", "{:.3g}".format),
        cell("copies", "{:.2f}".format),
        cell("times_faster_than_torch", "{:.1f}".format),
        cell("value_error", "{:.0e}".format),
        cell("gradient_error", "{:.0e}".format),
        row["note"],
    )


def write(terminal, rows):
    peer = f"torch {torch_peer.torch.__version__}" if torch_peer.torch else "torch is not installed"
    config = fl.show_config()
    terminal.section(f"fastloss {config['version']}, {config['instruction_set']}, {config['compiler']}; {peer}")
    terminal.write_line("copies: time / time of a copy of the scores. x torch: PyTorch's time / ours.")
    terminal.write_line("item: a score; in CTC a cell of the recursion, of T N (2S+1).")
    terminal.write_line("errors, against float64: relative for values, absolute for gradients of a sum,")
    terminal.write_line("and relative where such a gradient is beyond 1.")
    terminal.write_line("")
    table = [HEADER, *map(line, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        left = [cell.ljust(width) for cell, width in zip(cells[:2], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(cells[2:-1], widths[2:], strict=False)]
        terminal.write_line("  ".join([*left, *right, cells[-1]]).rstrip())
