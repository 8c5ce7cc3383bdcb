"""Makes a wheel for this Python that other Linux machines run, and tries it:

    python -m pip install --group wheel
    python tools/build_wheel.py --out dist

The source archive is made, the wheel is built from it and repaired (tools/wheels/), checked by twine,
check-wheel-contents and auditwheel, and installed into environments that find no compiler, with the oldest NumPy and
the newest, where the core of the tests runs. With --abi3 it is the wheel for CPython 3.11 and all later ones, which
abi3audit checks and which is tried with each of them that is on the PATH. The released wheels, for all Pythons and
platforms, are made by cibuildwheel: .github/workflows/wheels.yml.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
WHEELS = ROOT / "tools" / "wheels"
# What an abi3 wheel could break: what the modules do with the interpreter's objects.
OF_THE_INTERPRETER = (
    "contract/test_errors.py",
    "contract/test_fast_path.py",
    "contract/test_what_was_passed.py",
    "ctc/test_loss.py",
    "ctc/test_decode_limits.py",
    "families/test_cross_entropy.py",
)
TOOLS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def run(*command, **options):
    """The output, which is printed if the command fails."""
    options = {"env": {**os.environ, "PATH": TOOLS, "NO_COLOR": "1"}, "check": False, "text": True, **options}
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        print(done.stdout[-8000:])
        sys.exit(f"error: this failed: {' '.join(map(str, command))}")
    return done.stdout


def needed_glibc(library):
    return max(tuple(map(int, found.split(b"."))) for found in re.findall(rb"GLIBC_(2\.\d+)", library.read_bytes()))


def old_libgomp(folder):
    """The libgomp of another project's wheel, which runs on old machines."""
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder,
        "scikit-learn")  # fmt: skip
    (wheel,) = folder.glob("scikit_learn-*.whl")
    shutil.unpack_archive(wheel, folder / "donor", "zip")
    (library,) = (folder / "donor" / "scikit_learn.libs").glob("libgomp-*.so*")
    print("libgomp of", wheel.name, "needs glibc", ".".join(map(str, needed_glibc(library))))
    return library


def settings_of_build(work, abi3):
    """Environment variables with which the modules need an old C library only, and auditwheel finds an old libgomp."""
    chosen = {"FASTLOSS_LIMITED_API": "1"} if abi3 else {}
    if not find_spec("ziglang"):
        print("WARNING: no ziglang: the wheel will run where the C library is as new as here, or newer")
        return chosen
    library = old_libgomp(work)
    return {
        **chosen,
        "LDSHARED": f"{sys.executable} {WHEELS / 'link_oldest.py'}",
        "FASTLOSS_LIBGOMP": str(library),
        "LD_LIBRARY_PATH": str(library.parent),
    }


def make(work, destination, abi3):
    """The source archive, and the repaired wheel made from it."""
    environment = {**os.environ, "PATH": TOOLS, **settings_of_build(work, abi3)}
    run(sys.executable, "-m", "build", "--outdir", work / "built", ROOT, env=environment)
    (sdist,), (wheel,) = ((work / "built").glob(pattern) for pattern in ("*.tar.gz", "*.whl"))
    destination.mkdir(parents=True, exist_ok=True)
    made = run(sys.executable, WHEELS / "repair_wheel.py", wheel, destination, env=environment).strip()
    return Path(shutil.copy(sdist, destination)), Path(made)


def check(sdist, wheel, work):
    print(run("twine", "check", "--strict", wheel, sdist).strip())
    # W004: the name of PyInstaller's hook is no identifier. W009, W010: auditwheel's folder fastloss.libs.
    print(run("check-wheel-contents", "--ignore=W004,W009,W010", wheel).strip())
    if "-abi3-" in wheel.name:
        run("abi3audit", "--strict", wheel)
        print("abi3audit: only what the stable ABI has")
    shown = " ".join(run("auditwheel", "show", wheel).split())
    print(re.search(r'This constrains the platform tag to "[^"]*"|[^.]* consistent with[^.]*\.', shown)[0])
    shutil.unpack_archive(wheel, work / "contents", "zip")
    for module in (work / "contents").rglob("*.so*"):
        path = run("patchelf", "--print-rpath", module).strip()
        if path and not path.startswith("$ORIGIN"):
            sys.exit(f"error: {module.name} looks for libraries in {path}")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.2f} MB")


class Trial(NamedTuple):
    python: str
    numpy: str
    tests: tuple = ()  # the core where none is named


def trials(abi3):
    """The environments that the wheel is tried in."""
    if abi3:
        later = [name for name in (f"python3.{minor}" for minor in range(11, 20)) if is_usable(name)]
        return [Trial(python, "numpy", OF_THE_INTERPRETER) for python in later or [sys.executable]]
    if sys.version_info >= (3, 13):
        print("NumPy 1.26 has no wheel for this Python: not tried")
        return [Trial(sys.executable, "numpy")]
    return [Trial(sys.executable, "numpy==1.26.*"), Trial(sys.executable, "numpy")]


def is_usable(python):
    """pyenv has commands of Pythons that are not chosen, and free-threaded ones load no abi3 modules."""
    ask = "import sysconfig, sys; sys.exit(bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"
    return bool(shutil.which(python)) and not subprocess.run([python, "-c", ask], capture_output=True).returncode


def try_wheel(trial, wheel, folder):
    """The tests where nothing is found that could compile."""
    run(trial.python, "-m", "venv", folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[test]", trial.numpy)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = str(folder / "bin")
    for compiler in ("cc", "gcc", "clang", "c99"):
        if shutil.which(compiler, path=environment["PATH"]):
            sys.exit(f"error: this environment has a compiler: {compiler}")
    output = run(python, WHEELS / "test_installed.py", *trial.tests, env=environment).strip()
    return re.sub(r"^[.sx]+ +\[ *\d+%\]\n", "", output, flags=re.MULTILINE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the results (default: dist)")
    parser.add_argument("--abi3", action="store_true", help="the wheel for CPython 3.11 and all later ones")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sdist, wheel = make(work, given.out.resolve(), given.abi3)
        check(sdist, wheel, work)
        chosen = trials(given.abi3)
        with ThreadPoolExecutor() as pool:
            for output in pool.map(lambda i: try_wheel(chosen[i], wheel, work / f"trial{i}"), range(len(chosen))):
                print(output)


if __name__ == "__main__":
    main()
