"""Checks that every loop that matters became vector code, and that our sources compile without a warning.

Speed lives in these loops, and no test would tell: a loop that the compiler gives up on is still right, only several
times slower. Everything that setup.py builds is compiled here with setup.py's own flags, as far as assembly. gcc's
report says which loops were vectorised in how many inlined copies. A loop of constant length may be unrolled before
gcc looks for vectors and so be missing from the report: its instructions must not work on single numbers.
"""

import os
import platform
import re
import runpy
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from unittest import mock

import setuptools

ROOT = Path(__file__).resolve().parent.parent
SETS = ("baseline_f32", "baseline_f64", "avx2_f32", "avx2_f64")
FLOATS = ("FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16")
INTEGERS = ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")
# file, function, text in the loop's body (each loop of the function that has it), and what kind of loop it is:
# "any" length; "fixed" length; "case": a macro's line, whose loop over contiguous elements must be vector code.
LOOPS = [
    ("lanes.h", "lanes_max", "lane[i] = x[i]", "fixed"),
    ("lanes.h", "lanes_extremes", "high[i] = ", "fixed"),
    ("lanes.h", "lanes_add", "lane[i] += x[i]", "fixed"),
    ("lanes.h", "lanes_add_double", "lane[i] += (double)x[i]", "fixed"),
    ("lanes.h", "lanes_exp", "r_exp(", "fixed"),
    ("lanes.h", "lanes_find", "found |=", "fixed"),
    ("rows.pxi", "multiply", "* factor", "any"),
    ("rows.pxi", "softmax_short", "r_exp(", "fixed"),
    ("rows.pxi", "softmax_short", "e[i] * factor", "any"),
    ("rows.pxi", "lanes_sum", "> peak[k] else", "fixed"),
    ("rows.pxi", "lanes_sum", "r_exp(", "fixed"),
    ("rows.pxi", "lanes_multiply", "*= factor[k]", "fixed"),
    ("rows.pxi", "label_head", "r_log1p(", "fixed"),
    ("labels.pxi", "curve", "hess[c] =", "any"),
    ("labels.pxi", "narrow_tile", "p = lanes[c * TILE + k]", "fixed"),
    ("log_softmax.pyx", "subtract", "out[c] =", "any"),
    ("log_softmax.pyx", "target_block", "r_fma(", "any"),
    ("log_softmax.pyx", "target_block", "t = wy[j + i] *", "fixed"),
    ("log_softmax.pyx", "target_grad", "grad[c] =", "any"),
    ("focal.pyx", "sigmoid_focal_block", "r_exp(", "any"),
    ("focal.pyx", "weigh", "target[i] =", "any"),
    ("ctc.pyx", "exp_row", "r_exp(", "any"),
    ("ctc.pyx", "forward_lanes", "x_power(", "any"),
    ("ctc.pyx", "backward_lanes", "x_power(", "any"),
    ("ctc.pyx", "grad_of_used", "share * emission[u]", "any"),
    ("scan.pyx", "labels", "ignored +=", "any"),
    ("scan.pyx", "block_is_outside", "bad |=", "any"),
    ("elementary.pyx", "apply", "y[i] =", "any"),
    *(("operand.h", "load_run", f"case FL_{name}:", "case") for name in FLOATS + INTEGERS),
    *(("operand.h", "store_run", f"case FL_{name}:", "case") for name in FLOATS),
]
# Loops that are known to be scalar: function, text, sets, why.
SSE2 = "SSE2 has no 64-bit integer comparison"
EXCEPTIONS = [
    (".*_run", "case FL_FLOAT32:", ".*_f32", "a plain copy: memcpy"),
    (".*_run", "case FL_FLOAT64:", ".*_f64", "a plain copy: memcpy"),
    ("load_run", "case FL_U?INT64:", ".*", "no conversion of 64-bit integers before AVX-512"),
    ("forward_lanes|backward_lanes", "x_power.*", "baseline_f64", SSE2),
    ("labels", "ignored.*", "baseline_.*", SSE2),
]
SCALAR = re.compile(r"v?(add|sub|mul|div|max|min|fn?m(add|sub)\d+|cmp\w*|u?comi)s[sd]$")
PACKED = re.compile(r"v?(add|sub|mul|div|max|min|fn?m(add|sub)\d+|cmp\w*|and|or)p[sd]$")


def find_loops():
    """(file, function, text, kind, lines) of every loop of the table."""
    for file, function, text, kind in LOOPS:
        source = ["", *(ROOT / "src" / file).read_text().splitlines()]
        start = next((n for n, line in enumerate(source) if re.match(rf"\S.*\b{function}\(", line)), len(source))
        end = next((n for n in range(start + 1, len(source)) if re.match(r"[^\s{}#]", source[n])), len(source))
        found = {}
        for place in (n for n in range(start, end) if text in source[n]):
            first = last = place
            if kind != "case":
                first = max(n for n in range(start, place + 1) if re.match(r"\s+for\b", source[n]))
                deeper = re.compile(r"\s" * (len(source[first]) - len(source[first].lstrip()) + 1))
                while last + 1 < end and deeper.match(source[last + 1]):
                    last += 1
            found[first] = range(first, last + 1)
        if not found:
            sys.exit(f"error: {file} has no {text!r} in {function}: bring LOOPS in {__file__} up to date")
        for lines in found.values():
            yield file, function, text, kind, lines


def places_in(c_file):
    """Where every line of generated C comes from, by the comments that Cython writes: (file, line)."""
    here, places = None, [None]
    for line in c_file.read_text().splitlines():
        mark = re.match(r'\s*/\* "(.+)":(\d+)$', line)
        here = (Path(mark[1]).name, int(mark[2])) if mark else here
        places.append(here)
    return places


def inspect(build, extension, folder):
    """What became of every source line of a module, {(file, line): Counter}, and the compiler's warnings."""
    source = Path(extension.sources[0])
    assembly, report = Path(folder, f"{extension.name}.s"), Path(folder, f"{extension.name}.txt")
    command = [
        *build.compiler.compiler_so, *(f"-I{path}" for path in (*extension.include_dirs, *build.include_dirs)),
        *(f"-D{name}={value}" for name, value in extension.define_macros), *extension.extra_compile_args,
        "-g1", f"-fopt-info-vec-optimized-missed={report}", "-S", str(source), "-o", str(assembly),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    places = places_in(source)

    def place(file, line):
        return places[int(line)] if file.endswith(".c") else (Path(file).name, int(line))

    counts = defaultdict(Counter)
    for file, line, text in re.findall(r"^([^:\s]+):(\d+):\d+: (.*)", report.read_text(), re.MULTILINE):
        for what in ("loop vectorized", "loop versioned", "couldn't vectorize loop"):
            counts[place(file, line)][what] += what in text
    files, here = {}, None
    for line in assembly.read_text().splitlines():
        if match := re.match(r'\s+\.file (\d+) .*"(.*)"', line):
            files[match[1]] = match[2]
        elif match := re.match(r"\s+\.loc (\d+) (\d+)", line):
            here = place(files[match[1]], match[2])
        elif match := re.match(r"\s+(\w+)", line):
            counts[here]["scalar"] += bool(SCALAR.match(match[1]))
            counts[here]["packed"] += bool(PACKED.match(match[1]))
    warnings = re.findall(r"^([^:\s]+):(\d+):\d+: (warning: .*)", result.stderr, re.MULTILINE)
    return counts, [f"{place(file, line)} in {extension.name}: {text}" for file, line, text in warnings]


def is_vector(kind, lines, counts):
    """Whether a loop is vector code in a module; None where the module does not have it."""
    total = sum((counts[line] for line in lines), Counter())
    if not +total:
        return None
    if kind == "case":
        return total["loop vectorized"] > 0
    if kind == "any":
        return total["loop vectorized"] > 0 and not total["couldn't vectorize loop"]
    # The odd scalar instruction computes a constant of the loop. The scalar twin of a versioned loop is not run.
    partly_scalar = total["scalar"] > total["packed"] / 50 and not total["loop versioned"]
    return not partly_scalar and not counts[lines[0]]["couldn't vectorize loop"]


def excuse(function, text, instructions):
    matches = (reason for *patterns, reason in EXCEPTIONS
               if all(map(re.fullmatch, patterns, (function, text, instructions))))  # fmt: skip
    return next(matches, None)


def main():
    if platform.machine() not in ("x86_64", "AMD64"):
        print("SKIPPED: the check of vector code knows x86-64 only")
        return
    os.chdir(ROOT)
    with mock.patch("setuptools.setup") as setup:
        build_class = runpy.run_path("setup.py")["Build"]
    modules, warnings = [], []
    with tempfile.TemporaryDirectory() as folder:

        class Inspect(build_class):
            def build_extension(self, extension):
                counts, found = inspect(self, extension, folder)
                modules.append((extension.name.split(".")[-2], counts))
                warnings.extend(found)

        build = Inspect(setuptools.Distribution({"ext_modules": setup.call_args.kwargs["ext_modules"]}))
        build.ensure_finalized()
        build.run()
    failed = 0
    print(f"{'loop':<64}" + "".join(f"{name:<14}" for name in SETS))
    for file, function, text, kind, lines in find_loops():
        places, notes, row = [(file, line) for line in lines], {}, ""
        for instructions in SETS:
            results = {is_vector(kind, places, counts) for name, counts in modules if name == instructions}
            state = "scalar" if False in results else "vector" if True in results else "missing"
            reason = excuse(function, text, instructions)
            if reason and state == "scalar":
                state = "scalar (ok)"
                notes[reason] = None
            failed += state in ("scalar", "missing")
            row += f"{state:<14}"
        print(f"{f'{file}:{lines[0]} {function}: {text}':<64}{row}{', '.join(notes)}")
    print(f"{len(warnings)} compiler warnings", *warnings, sep="\n")
    if failed:
        print(f"error: {failed} loops that matter are scalar code (or not there). Look for what changed in the loop: an "
              "alias, a branch, a call that is not inlined, a mix of widths. gcc's -fopt-info-vec-all says more. If it "
              f"has to be so, add the reason to EXCEPTIONS in {__file__}.")  # fmt: skip
    if warnings:
        print("error: our sources must compile without a warning")
    sys.exit(bool(failed or warnings))


if __name__ == "__main__":
    main()
