"""Code that a test runs in a process of its own."""

import subprocess
import sys
import textwrap

PREAMBLE = """
import resource, sys
import numpy as np, fastloss as fl

def peak():
    # Not the one of getrusage: that is inherited from the process that started this one.
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM:"))
"""


def run_script(body, *arguments, before=""):
    """In a process of its own: limits and peaks are of a whole process. `before` comes before fastloss is imported."""
    code = before + PREAMBLE + textwrap.dedent(body)
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
