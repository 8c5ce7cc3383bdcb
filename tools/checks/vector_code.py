"""Checks that every loop that matters became vector code with gcc and with clang, and that our sources compile without
a warning:

    python tools/checks/vector_code.py [--compiler gcc|clang|all]

Speed lives in these loops, and no test would tell: a loop that the compiler gives up on is still right, only several
times slower. Everything that setup.py builds is compiled here with setup.py's own flags, and the machine code is
looked at (machine_code.py). Each copy of a loop must have a part of vector instructions; another part, for the last
few elements, need not be vector code. A loop of src/ that vector_loops.py does not know is an error too.
"""

import argparse
import copy
import os
import platform
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from unittest import mock

import setuptools
from machine_code import copies_of_loops, places_in
from vector_loops import LOOPS, SOURCES, loops_of, unlisted

ROOT = Path(__file__).resolve().parents[2]
SETS = ("baseline_f32", "baseline_f64", "avx2_f32", "avx2_f64", "avx512_f32", "avx512_f64")
# Loops that may be scalar: patterns of the name, of the sets and of the compilers, and why.
SSE2 = "SSE2 has no 64-bit integer comparison"
EXCEPTIONS = [
    (".*_run: case FL_FLOAT32:", ".*_f32", ".*", "a plain copy: memcpy"),
    (".*_run: case FL_FLOAT64:|round_values|sum_elements: .*value.i.;", ".*_f64", ".*", "a plain copy: memcpy"),
    ("load_run: case FL_U?INT64:", "(baseline|avx2)_.*", ".*", "no conversion of 64-bit integers before AVX-512"),
    ("lanes_limit|lanes_add_widened", "baseline_.*|.*_f64", ".*", "not without unsigned minima; float32 only"),
    ("exp_lanes: .*|widen_lanes: .*", "(avx2|avx512)_f32", ".*", "vectors by their types instead"),
    ("(range|least)_of_halves|first_half_of: .*", "baseline_.*|.*_f64", ".*", "float32 with vectors of its own only"),
    ("(forward|backward)_slots: .*|reals_are_wrong", "baseline_f64", "gcc", SSE2),
    ("block_(needs_exponents|softmax: r_exp.*|unscale|is_special|grad_of_logits)", "baseline_f64", "gcc", SSE2),
    ("count_labels: .*", "baseline_.*", ".*", SSE2),
    ("lanes_exp_excluding|lanes_exp_below|lanes_find", "baseline_f64", "gcc", SSE2),
    ("lanes_look|lanes_look_any|lanes_rank|place_in_run|has_nan|store_classes", "baseline_f64", "gcc", SSE2),
    ("lanes_moment_excluding|tile_moments: .*", "baseline_f64", "gcc", SSE2),
    (
        "exp_lanes_below: .*|lanes_moment: .*|tile_moments: .*",
        "(avx2|avx512)_f32",
        ".*",
        "vectors by their types, in a loop of their own",
    ),
    ("lanes_sum: .*|look_at_some_signs|keep_where|add|times", "baseline_f64", "gcc", SSE2),
    ("scan_scores: .*|exp_scores|count_from", "baseline_f64", "gcc", SSE2),
    ("viterbi_slots|(floats|reals)_are_wrong|add|times", ".*_f32", ".*", "double only"),
    ("scan_scores: .*|exp_scores|keep_prefixes|add_kinds|count_from|smallest_from: .*", ".*_f32", ".*", "double only"),
    ("add", "baseline_f64", "clang", "clang 14 sees no gain in two lanes"),
    ("lanes_min|lanes_nan", ".*", "gcc", "vectors, which gcc 12 gives the line of lanes_max, in the same loop"),
    ("load_run: case FL_BOOL:", "baseline_f64", "clang", "clang 14 sees no gain in two lanes"),
    ("lanes_rank", "baseline_.*", "clang", "clang 14 sees no gain in SSE2"),
    (
        "block_is_special|block_grad_of_logits",
        "avx2_.*",
        "clang",
        "vectors, to which clang 14 gives the line of the pragma",
    ),
    (
        "lanes_halve",
        ".*",
        "clang",
        "8 lanes or 4, once a sum or a block: clang 14 unrolls them first, and makes vectors of some of what is left",
    ),
]
FIXED = re.compile(r"range\((LANES|TILE|V)\)|FL_LANES|FL_HALVES|FL_EXACT_LANES|i < half|FL_TILE|FL_FRAMES|FL_RUN")
UNROLLED = re.compile(FIXED.pattern + "|FL_SLOTS")  # these may lose their jump back


def inspect(build, extension, source, folder, loops):
    """The copies of all loops in a source of a module, as machine_code.py gives them, and the compiler's warnings."""
    compiled = Path(folder, f"{extension.name}.{source.stem}.o")
    command = [
        *build.compiler.compiler_so, *(f"-I{path}" for path in (*extension.include_dirs, *build.include_dirs)),
        *(f"-D{name}={value}" for name, value in extension.define_macros), *extension.extra_compile_args,
        "-g1", "-gdwarf-4",  # of version 5, objdump loses some calls
        "-c", str(source), "-o", str(compiled),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    places, warnings = places_in(source), []
    for file, line, text in re.findall(r"^([^:\s]+):(\d+):\d+: (warning: .*)", result.stderr, re.MULTILINE):
        place = places[int(line)] if file.endswith(".c") else (Path(file).name, int(line))
        warnings.append(f"{place} in {extension.name}: {text}")
    return copies_of_loops(compiled, source, loops), warnings


def compile_with(compiler, loops):
    """[(set, copies of loops)] of all sources of all modules, and the warnings."""
    with mock.patch("setuptools.setup") as setup:
        build_class = runpy.run_path("setup.py")["Build"]
    modules, warnings = [], []
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, CC=compiler):

        class Inspect(build_class):
            def build_extension(self, extension):
                for source in map(Path, extension.sources):
                    *what, found = inspect(self, extension, source, folder, loops)
                    modules.append((extension.name.split(".")[-2], *what))
                    warnings.extend(found)

        extensions = copy.deepcopy(setup.call_args.kwargs["ext_modules"])
        build = Inspect(setuptools.Distribution({"ext_modules": extensions}))
        build.with_tests = True
        build.ensure_finalized()
        build.run()
    return modules, warnings


def is_loop(name, function, regions, unrolled):
    """Whether a copy is still a loop: one that the compiler made for a single element has no jump back. gcc makes such
    a copy of load_run and of store_run too."""
    total = sum(regions.values(), Counter())
    if "case" in name and ".constprop" in function:
        return False
    return (unrolled or total["jump back"]) and total["packed"] + total["single"] > 0


def is_packed(part):
    """Whether its instructions are packed, but for a few that handle constants."""
    return part["packed"] > 0 and part["single"] <= max(part["packed"] // 10, part["packed"] > 1)


def is_vector(regions, fixed):
    """Whether a copy of a loop has a part of vector instructions. A loop of constant length has no last few elements:
    any other part must be a loop of its own, for arrays that overlap."""
    good = [region for region, part in regions.items() if is_packed(part)]
    if fixed and not is_packed(sum(regions.values(), Counter())):
        others = [part for region, part in regions.items() if region not in good and part["single"]]
        return bool(good) and all(part["jump back"] for part in others)
    return bool(good)


def verdicts(name, loop, compiler, modules):
    """What a loop is in each set, and then the exceptions that allow it."""
    line, used = SOURCES[loop[1]][loop[2]], []
    fixed, unrolled = bool(FIXED.search(line)), bool(UNROLLED.search(line))
    for instructions in SETS:
        found = [copies[loop] for module, copies in modules if module == instructions]
        copies = [regions for found_in in found for (function, _), regions in found_in.items()
                  if is_loop(name, function, regions, unrolled)]  # fmt: skip
        excuses = [rule for rule in EXCEPTIONS if all(map(re.fullmatch, rule[:3], (name, instructions, compiler)))]
        if copies and all(is_vector(regions, fixed) for regions in copies):
            yield "vector"
        elif excuses:
            yield "(scalar)"
            used += excuses
        else:
            yield "SCALAR" if copies else "MISSING"
    yield used


def check(compiler):
    """Prints what became of every loop; returns how much is wrong."""
    loops, twins = defaultdict(list), {}
    for name in LOOPS:
        for file, lines in loops_of(name):
            text = " ".join(SOURCES[file][line].strip() for line in lines)  # equal loops may become one
            loop = twins.setdefault((name, file, text), (name, file, lines[0]))
            for line in lines:
                loops[file, line].append(loop)
    modules, warnings = compile_with(compiler, loops)
    failed, needed = 0, set()
    print(f"{f'loop, with {compiler}':<66}" + "".join(f"{name:<14}" for name in SETS))
    for loop in sorted(twins.values(), key=lambda loop: loop[1:]):
        name, file, line = loop
        *states, used = verdicts(name, loop, compiler, modules)
        failed += "SCALAR" in states or "MISSING" in states
        needed.update(used)
        states += ["; ".join(sorted({reason for *_, reason in used}))]
        print(f"{f'{file}:{line} {name}':<66}" + "".join(f"{state:<14}" for state in states))
    for rule in (rule for rule in EXCEPTIONS if re.fullmatch(rule[2], compiler) and rule not in needed):
        print(f"note: with {compiler} an exception is not needed any more:", *rule)
    print(f"{len(warnings)} warnings of {compiler}", *warnings, sep="\n")
    if failed:
        print(f"error: with {compiler} {failed} loops that matter are SCALAR code, or MISSING from it. Look for what")
        print("changed in them: an alias, a branch, a call that is not inlined, a mix of widths. gcc's option")
        print("-fopt-info-vec-all and clang's -Rpass-analysis=loop-vectorize say more. If it has to be so, give the")
        print(f"reason in EXCEPTIONS in {__file__}")
    if warnings:
        print("error: our sources must compile without a warning")
    return failed + len(warnings)


def main():
    parser = argparse.ArgumentParser(description="Are the loops that matter vector code?")
    parser.add_argument("--compiler", choices=("gcc", "clang", "all"), default="all")
    chosen = parser.parse_args().compiler
    wrong = [f"{loop}: this loop is in neither list of vector_loops.py" for loop in unlisted()]
    for text in wrong:
        print(f"error: {text}")
    if platform.machine() not in ("x86_64", "AMD64") or not shutil.which("objdump"):
        print("SKIPPED: the check of vector code needs x86-64 and objdump (Debian package binutils)")
        sys.exit(bool(wrong))
    os.chdir(ROOT)
    for compiler in ("gcc", "clang") if chosen == "all" else (chosen,):
        if shutil.which(compiler):
            wrong += [compiler] * check(compiler)
        else:
            print(f"SKIPPED: {compiler} is not installed")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
