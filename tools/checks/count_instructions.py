"""Counts the instructions of every kernel, and fails where they have grown: a check of speed that has no noise.

    python tools/checks/count_instructions.py                  # compares with tools/checks/instruction_counts.json
    python tools/checks/count_instructions.py --accept         # writes all figures anew
    python tools/checks/count_instructions.py --accept 'ctc*'  # only those of some cases, by pattern
    python tools/checks/count_instructions.py --accept-new     # only those of new cases: after adding a loss

The calls of instruction_cases.py run under valgrind's callgrind, one process an instruction set. A figure is the
instructions of one call in fastloss's compiled modules and in what they call of libc; of a small call, all
instructions, Python's and NumPy's too, which are compared only where those are the same as when the figures were taken.

A growth of 3 % fails; so does a case without a figure. Counts say nothing of caches, of slow instructions or of
dependent ones: benchmarks/ does. valgrind runs no AVX-512; tools/checks/vector_code.py alone looks after those modules.
"""

import argparse
import concurrent.futures
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

import fastloss as fl
from fastloss import _kernels

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIGURES = HERE / "instruction_counts.json"
SETS = ("baseline", "avx2")
LIMIT = 0.03
ACCEPT = "python tools/checks/count_instructions.py --accept"
LIBRARIES = re.compile(r"/(libc|libm|libmvec)[.-][^/]*$")

# glibc fills and copies longer runs by `rep stosb` and `rep movsb`, of which valgrind counts every byte.
VECTOR_COPIES = ":".join(f"glibc.cpu.x86_rep_{name}_threshold={1 << 40}" for name in ("stosb", "movsb"))

ADVICE = {
    "shrunk": f"note: these got faster. Accept the figures, or the gain can be lost again unseen: {ACCEPT}",
    "grown": f"""error: these execute over {LIMIT:.0%} more instructions than they did. Look for what changed in their
loops (tools/checks/vector_code.py says which are vector code). If it has to be so, accept the new figures on purpose,
and let the commit message say why: {ACCEPT}""",
    "new": f"error: cases without figures: {ACCEPT}-new",
    "gone": f"error: bring the figures up to date: {ACCEPT}",
}

# What a program under valgrind asks of it, which takes the macros of a header.
REQUESTS = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; }
void stop(void) { CALLGRIND_STOP_INSTRUMENTATION; }
void zero(void) { CALLGRIND_ZERO_STATS; }
void dump(const char *name) { CALLGRIND_DUMP_STATS_AT(name); }
"""


def circumstances():
    """What the figures depend on besides the sources."""
    optimised = "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "")
    python = f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}"
    return {
        "compiler": fl.show_config()["compiler"],
        "libc": " ".join(platform.libc_ver()),
        "python": python + (", --enable-optimizations" if optimised else ""),
        "numpy": ".".join(np.__version__.split(".")[:2]),
    }


def obstacle(taken_with, accepting):
    """Why nothing can be counted here, or compared; None where it can."""
    if platform.machine() not in ("x86_64", "AMD64") or not sys.platform.startswith("linux"):
        return "the figures are of x86-64 Linux"
    if not shutil.which("valgrind"):
        return "no valgrind on this machine (Debian package valgrind)"
    if not shutil.which("cc"):
        return "no C compiler on this machine"
    compiler = fl.show_config()["compiler"]
    if not accepting and compiler != taken_with.get("compiler"):
        return f"the figures are of {taken_with.get('compiler')}, and {compiler} counts differently"
    return None


def kernel_and_total(lines):
    """Name and instructions of one of callgrind's files: in our modules and what they call of libc; and all."""
    own = called = total = 0
    ours = at_call = False
    callee = ""
    for line in lines:
        key, _, value = line.rstrip().partition("=")
        if key == "ob":
            ours, callee = "/fastloss/_kernels/" in value, ""
        elif key == "cob":
            callee = value
        elif key == "calls":
            at_call = True
        elif line.startswith("desc: Trigger: Client Request: "):
            name = line.strip().removeprefix("desc: Trigger: Client Request: ")
        elif line[0] in "+-*0123456789":  # a position and a cost: the function's own, or after "calls" the callee's
            cost = int(line.split()[1])
            if not at_call:
                total += cost
                own += cost if ours else 0
            elif ours and LIBRARIES.search(callee):
                called += cost
            if at_call:
                at_call, callee = False, ""
    return name, own + called, total


def build_requests(folder):
    """The compiled requests, or None where valgrind's headers are not installed."""
    source, library = Path(folder, "requests.c"), Path(folder, "requests.so")
    source.write_text(REQUESTS)
    command = ["cc", "-O1", "-shared", "-fPIC", str(source), "-o", str(library)]
    return library if subprocess.run(command, capture_output=True, check=False).returncode == 0 else None


def count(instruction_set, requests):
    """The cases, each a dict with its `count` of one call."""
    folder = Path(requests).parent / instruction_set
    folder.mkdir()
    # The same few variables everywhere: they lie on the stack, and shift it.
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "FASTLOSS_ISA": instruction_set}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "GLIBC_TUNABLES": VECTOR_COPIES}
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--compress-strings=no", "--compress-pos=no",
               "--dump-line=no", f"--callgrind-out-file={folder / 'out'}",
               sys.executable, str(HERE / "instruction_cases.py"), str(requests)]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: the cases do not run under valgrind, {instruction_set}:\n{done.stdout}{done.stderr[-4000:]}")
    result = json.loads(done.stdout)
    counts = {}
    for file in folder.glob("out.*"):
        with open(file) as lines:
            name, kernel, total = kernel_and_total(lines)
        counts[name] = kernel, total
    for case in result["cases"]:
        kernel, total = counts[case["name"]]
        case["count"] = total // result["repeats"] if case["small"] else kernel
    return result["cases"]


def count_all(sets):
    """{case: {"items", "small", "counts": {set: count}}}, the sets side by side where there are cores for it."""
    with tempfile.TemporaryDirectory() as folder:
        requests = build_requests(folder)
        if requests is None:
            return None
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(count, sets, [requests] * len(sets)))
    found = {}
    for name, cases in zip(sets, results, strict=True):
        for case in cases:
            entry = found.setdefault(case["name"], {**case, "counts": {}})
            entry["counts"][name] = case["count"]
    return found


def read_figures():
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {"taken_with": {}, "kernels": {}, "small_calls": {}}


def write_figures(figures):
    """One line a case, so that a change of figures reads well in a diff."""
    parts = [f' "taken_with": {json.dumps(figures["taken_with"])}']
    for part in ("kernels", "small_calls"):
        rows = [f"  {json.dumps(name)}: {json.dumps(counts)}" for name, counts in figures[part].items()]
        parts.append(f' "{part}": {{\n' + ",\n".join(rows) + "\n }")
    FIGURES.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def accept(found, figures, patterns, here):
    """The figures with those of some cases replaced; with no pattern all of them."""
    if patterns and {**figures["taken_with"], **here} != figures["taken_with"]:
        sys.exit(f"error: the other figures were taken in other circumstances, {figures['taken_with']}: accept all")
    if patterns and not any(fnmatch(name, pattern) for name in found for pattern in patterns):
        sys.exit(f"error: no case is called {' or '.join(patterns)}")
    renewed = {"taken_with": here, "kernels": {}, "small_calls": {}}
    for name, case in found.items():
        part = "small_calls" if case["small"] else "kernels"
        is_chosen = not patterns or any(fnmatch(name, pattern) for pattern in patterns)
        counts = case["counts"] if is_chosen else figures[part].get(name)
        if counts:
            renewed[part][name] = counts
    return renewed


def compare(found, known, with_small):
    """Prints every case and returns messages by kind: what has grown, what has shrunk, what has no figure."""
    messages = defaultdict(list)
    print(f"{'instructions a call, and an item':<64}" + "".join(f"{name:>32}" for name in SETS))
    for name, case in found.items():
        cells = ""
        for instruction_set, new in case["counts"].items():
            old = known.get(name, {}).get(instruction_set)
            cells += f"{new:>14}{new / case['items']:>9.2f}"
            if case["small"] and not with_small:
                cells += "  skipped"
            elif old is None:
                cells += "      new"
                messages["new"].append(f"{name}, {instruction_set}")
            else:
                change = new / old - 1
                cells += f"{change:>+9.2%}"
                kind = "grown" if change > LIMIT else "shrunk" if change < -LIMIT else "same"
                messages[kind].append(f"{name}, {instruction_set}: {old} -> {new} instructions ({change:+.1%})")
        print(f"{name:<64}{cells}")
    messages["gone"] += [name for name in known if name not in found]
    return messages


def report(messages):
    """Whether nothing is wrong; says what to do otherwise."""
    for kind in ("shrunk", "grown", "new", "gone"):
        for text in messages[kind]:
            print(f"{'note' if kind == 'shrunk' else 'error'}: {text}")
        if messages[kind]:
            print(ADVICE[kind])
    return not (messages["grown"] or messages["new"] or messages["gone"])


def differences(here, taken_with, sets):
    """Whether Python and NumPy are those of the figures; prints what is not."""
    for name in sorted(set(SETS) - set(sets)):
        print(f"SKIPPED: {name} kernels: this processor does not run them")
    different = [name for name in here if taken_with and taken_with.get(name) != here[name]]
    for name in different:
        print(f"note: {name} is {here[name]}; the figures were taken with {taken_with.get(name)}")
    return "python" not in different and "numpy" not in different


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accept", nargs="*", metavar="PATTERN", help="write new figures, of these cases or of all")
    parser.add_argument("--accept-new", action="store_true", help="write the figures of cases that have none")
    arguments = parser.parse_args()
    patterns = arguments.accept
    accepting = patterns is not None or arguments.accept_new
    if ROOT not in Path(fl.__file__).parents:
        sys.exit(f"error: fastloss comes from {fl.__file__}, not from {ROOT}: build here, with `pip install -e .`")
    figures, here = read_figures(), circumstances()
    sets = [name for name in SETS if name in _kernels.supported()]
    reason = obstacle(figures["taken_with"], accepting)
    found = None if reason else count_all(sets)
    if found is None:
        print(f"SKIPPED: instructions are not counted: {reason or 'no valgrind/callgrind.h on this machine'}")
        sys.exit(accepting)
    with_small = differences(here, figures["taken_with"], sets) or accepting
    if not with_small:
        print("SKIPPED: small calls: Python's and NumPy's own instructions count there, and those are others here")
    known = {**figures["kernels"], **figures["small_calls"]}
    messages = compare(found, known, with_small)
    if arguments.accept_new:
        patterns = [name for name in found if name not in known]
    if not accepting:
        sys.exit(not report(messages))
    if accepting and not patterns and arguments.accept_new:
        sys.exit("no new cases")
    if len(sets) < len(SETS):
        sys.exit("error: figures of all instruction sets belong together, and this processor runs fewer")
    write_figures(accept(found, figures, patterns, here))
    print(f"written to {FIGURES}: the commit message should say why they changed")


if __name__ == "__main__":
    main()
