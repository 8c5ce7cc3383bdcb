"""The processor, the process and its environment: what has to be the same for all that is compared."""

import os
import pathlib
import platform
import subprocess

import fastloss as fl

ROOT = pathlib.Path(__file__).resolve().parents[1]

ONE_FOR_EACH = ("OMP", "OPENBLAS", "MKL", "NUMBA", "FASTLOSS")

# What malloc has freed stays in the process, in huge pages: a new buffer costs no page faults. Without the limit on
# arenas, threads of a library's own would not share it. Other C libraries than glibc ignore this.
KEEP_BUFFERS = ":".join(
    f"glibc.malloc.{setting}" for setting in ("hugetlb=1", "mmap_max=0", "trim_threshold=1099511627776", "arena_max=1")
)


def environment(threads, tuned):
    """Variables of a process that measures: the number of threads of every library, the settings of malloc."""
    variables = {**os.environ, "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    variables |= {f"{library}_NUM_THREADS": str(threads) for library in ONE_FOR_EACH}
    eigen = "true" if threads > 1 else "false"
    variables["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    variables.pop("GLIBC_TUNABLES", None)
    if tuned:
        variables["GLIBC_TUNABLES"] = KEEP_BUFFERS
    return variables


def pin(threads):
    """Keeps this process and its children on the last cores that it may use. Returns them, or None."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    os.sched_setaffinity(0, cores)
    return cores


def processor():
    """Its name, from Linux where it tells; with family and model, since virtual machines shorten the name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    of_first = {}
    for line in lines:
        key, _, text = line.partition(":")
        of_first.setdefault(key.strip(), text.strip())
    if "model name" not in of_first:
        return platform.processor() or platform.machine()
    numbers = ", ".join(f"{key.split()[-1]} {of_first[key]}" for key in ("cpu family", "model") if key in of_first)
    return of_first["model name"] + (f", {numbers}" if numbers else "")


def commit():
    """Of the checkout, with a + if it was changed since; None outside of one."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def describe(threads, cores):
    config = fl.show_config()
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "instruction_set": config["instruction_set"],
        "compiler": config["compiler"],
        "threads": threads,
        "cores": cores,
        "commit": commit(),
    }
