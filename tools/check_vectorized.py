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
SETS = ("baseline_f32", "baseline_f64", "avx2_f32", "avx2_f64", "avx512_f32", "avx512_f64")
FLOATS = ("FLOAT32", "FLOAT64", "FLOAT16", "BFLOAT16")
INTEGERS = ("INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64")
# The losses of elements, one line of points.h each.
POINTS = re.findall(r"^FL_POINT_LOSS\w*\(\w+", (ROOT / "src" / "points.h").read_text(), re.MULTILINE)
# Functions of src/: all their innermost loops, or those with a certain text in them. A "case" is a macro with a loop
# over contiguous elements, which must be vector code, and one over strided elements. A macro that makes a loss's loops
# is one line.
LOOPS = (
    *("lanes_max", "lanes_extremes", "lanes_add", "lanes_add_double", "lanes_exp", "lanes_exp_sparing"),
    *("lanes_exp_below", "lanes_cost", "subtract_twice", "lanes_find", "lanes_add_widened", "seems_outside"),
    *("multiply", "softmax_short: r_exp(", "softmax_short: e[i] * factor", "lanes_sum: table[c", "lanes_multiply"),
    *("label_head", "curve", "narrow_tile: p = lanes[c"),
    *("subtract_twice", "lanes_subtract", "lanes_log_sum", "target_block: r_fma(", "target_grad"),
    *("sigmoid_focal_block", "weigh", "weigh_values", "narrow_values", "sum_points: each[i]"),
    *("lanes_entropy", "entropy_slopes", "lanes_pair", "lanes_divergence", "lanes_peak: table"),
    *("lanes_rest: entropy_sums", "lanes_entropy_tile: entropy_slope", "lanes_terms: pair_terms", "lanes_parts: slope"),
    *POINTS,
    *("step_lanes", "gather_floats", "is_wrong", "exp_row", "forward_lanes", "backward_lanes", "grad_of_used"),
    *("labels: ignored", "apply"),
    *(f"load_run: case FL_{name}:" for name in FLOATS + INTEGERS),
    *(f"store_run: case FL_{name}:" for name in FLOATS),
)
# Loops that may be scalar: pattern of the name, pattern of the sets, why.
SSE2 = "SSE2 has no 64-bit integer comparison"
EXCEPTIONS = [
    (".*_run: case FL_FLOAT32:", ".*_f32", "a plain copy: memcpy"),
    (".*_run: case FL_FLOAT64:|narrow_values", ".*_f64", "a plain copy: memcpy"),
    ("load_run: case FL_U?INT64:", "(baseline|avx2)_.*", "no conversion of 64-bit integers before AVX-512"),
    ("(forward|backward)_lanes", "baseline_f64", SSE2),
    ("labels: ignored", "baseline_.*", SSE2),
    ("lanes_exp_sparing|lanes_exp_below|lanes_find|softmax_short: r_exp.*", "baseline_f64", SSE2),
    ("lanes_sum: .*", "baseline_.*", SSE2),
    ("is_wrong", "baseline_f64", SSE2),
    ("step_lanes|gather_floats|is_wrong", ".*_f32", "alignment is double only"),
]
SCALAR = re.compile(r"v?(add|sub|mul|div|max|min|fn?m(add|sub)\d+|cmp\w*|u?comi)s[sd]$")
PACKED = re.compile(r"v?(add|sub|mul|div|max|min|fn?m(add|sub)\d+|cmp\w*|and|or)p[sd]$")


def find_function(name):
    """(file, its lines from number 1 on, first line of the function, line after its last)"""
    for path in sorted((ROOT / "src").iterdir()):
        source = ["", *path.read_text().splitlines()]
        for start, line in enumerate(source):
            if re.match(rf"(cdef|def|static|FL_\w+)\b.*\b{name}\(", line):
                after = (n for n in range(start + 1, len(source)) if re.match(r"[^\s{}#]", source[n]))
                return path.name, source, start, next(after, len(source))
    sys.exit(f"error: src has no function {name}: bring LOOPS in {__file__} up to date")


def loops_of(name):
    """(file, its lines, the numbers of a loop's lines) for every loop that an entry of the table names."""
    function, _, text = name.partition(": ")
    if name.startswith("FL_POINT"):
        source = ["", *(ROOT / "src" / "points.h").read_text().splitlines()]
        return [
            ("points.h", source, range(n, n + 1))
            for n, line in enumerate(source)
            if re.match(rf"{re.escape(name)}\b", line)
        ]
    file, source, start, end = find_function(function)
    if text.startswith("case"):
        return [(file, source, range(n, n + 1)) for n in range(start, end) if text in source[n]]
    loops = []
    for first in (n for n in range(start, end) if re.match(r"\s+(for|while)\b", source[n])):
        deeper = re.compile(r"\s" * (len(source[first]) - len(source[first].lstrip()) + 1))
        last = next((n for n in range(first + 1, end) if not deeper.match(source[n])), end) - 1
        loops = [loop for loop in loops if first not in loop]  # it has a loop inside
        loops.append(range(first, last + 1))
    return [(file, source, loop) for loop in loops if any(text in source[n] for n in loop)]


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


def is_vector(name, lines, fixed, counts):
    """Whether a loop is vector code in a module; None where the module does not have it."""
    total = sum((counts[line] for line in lines), Counter())
    if not +total:
        return None
    if "case" in name or name.startswith("FL_POINT_LOSS("):
        return total["loop vectorized"] > 0
    if not fixed:
        return total["loop vectorized"] > 0 and not total["couldn't vectorize loop"]
    # The odd scalar instruction computes a constant of the loop. The scalar twin of a versioned loop is not run.
    partly_scalar = total["scalar"] > total["packed"] / 50 and not total["loop versioned"]
    return not partly_scalar and not counts[lines[0]]["couldn't vectorize loop"]


def verdicts(name, file, source, lines, modules):
    """What the loop is in each set, and the exceptions that allow it."""
    places = [(file, line) for line in lines]
    fixed = re.search(r"range\((LANES|TILE)\)|FL_LANES", source[lines[0]])
    used = []
    for instructions in SETS:
        results = {is_vector(name, places, fixed, counts) for module, counts in modules if module == instructions}
        excuses = [rule for rule in EXCEPTIONS if all(map(re.fullmatch, rule[:2], (name, instructions)))]
        if True in results and False not in results:
            yield "vector"
        elif excuses:
            yield "(scalar)"
            used += excuses
        else:
            yield "SCALAR" if False in results else "MISSING"
    yield used


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
    failed, needed = 0, set()
    print(f"{'loop':<66}" + "".join(f"{name:<14}" for name in SETS))
    for name in LOOPS:
        loops = loops_of(name)
        if not loops:
            sys.exit(f"error: src has no such loop: {name}: bring LOOPS in {__file__} up to date")
        for file, source, lines in loops:
            *states, used = verdicts(name, file, source, lines, modules)
            failed += "SCALAR" in states or "MISSING" in states
            needed.update(used)
            states += sorted({reason for *_, reason in used})
            print(f"{f'{file}:{lines[0]} {name}':<66}" + "".join(f"{state:<14}" for state in states))
    for exception in set(EXCEPTIONS) - needed:
        print("note: an exception is not needed any more:", *exception)
    print(f"{len(warnings)} compiler warnings", *warnings, sep="\n")
    if failed:
        print(f"error: {failed} loops that matter are SCALAR code, or MISSING from it. Look for what changed in them:")
        print("an alias, a branch, a call that is not inlined, a mix of widths; gcc's -fopt-info-vec-all says more. If")
        print(f"it has to be so, give the reason in EXCEPTIONS in {__file__}")
    if warnings:
        print("error: our sources must compile without a warning")
    sys.exit(bool(failed or warnings))


if __name__ == "__main__":
    main()
