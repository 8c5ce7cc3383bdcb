"""Tests the installed fastloss, not the one of the source beside it: prints show_config() and runs the core of the
suite, or those of its files that are named, in a copy of tests/ elsewhere. It needs pytest, hypothesis and mpmath; what
else is missing is skipped.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What differs between machines: gradients and special numbers of every loss in every instruction set, values against
# definitions, layouts and dtypes, errors, threads and forks. The rest would find nothing that is the wheel's.
CORE = (
    "contract/test_errors.py",
    "contract/test_fast_path.py",
    "contract/test_gradients.py",
    "contract/test_inputs.py",
    "contract/test_reference_values.py",
    "contract/test_special_numbers.py",
    "contract/test_threads.py",
    "ctc/test_loss.py",
    "families/test_cross_entropy.py",
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "tests", Path(folder, "tests"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        code = "import fastloss, numpy; print(fastloss.show_config(), 'numpy', numpy.__version__, fastloss.__file__)"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
        files = [f"tests/{path}" for path in sys.argv[1:] or CORE]
        command = [sys.executable, "-m", "pytest", "--quiet", "-rfE", "--tb=short", *files]
        return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
