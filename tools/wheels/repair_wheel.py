"""Makes a wheel of Linux one that other machines run: python repair_wheel.py WHEEL FOLDER

What the build's interpreter adds to modules, a search path for libraries on the machine of the build, is removed;
auditwheel copies libgomp into the wheel and finds the oldest platform that it runs on; its licence is added. Needs
auditwheel and patchelf on the PATH.
"""

import argparse
import base64
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

LICENCE = Path(__file__).with_name("LICENSE-libgomp.txt")
EXPRESSION = "GPL-3.0-or-later WITH GCC-exception-3.1"


def run(*command):
    """What the command says is shown only if it fails: of this script, the output is the wheel."""
    done = subprocess.run(
        [str(part) for part in command], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{done.stdout}error: this failed: {' '.join(map(str, command))}")


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


def pack(folder, wheel):
    """With a new RECORD, which lists itself without a hash; the metadata comes last, as is recommended."""
    record = next(folder.glob("*.dist-info/RECORD"))
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != record)
    files.sort(key=lambda path: path.is_relative_to(record.parent))
    lines = []
    for path in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        lines.append(f"{path.relative_to(folder).as_posix()},sha256={digest},{path.stat().st_size}")
    record.write_text("\n".join([*lines, f"{record.relative_to(folder).as_posix()},,", ""]))
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in [*files, record]:
            archive.write(path, path.relative_to(folder).as_posix())


def remove_search_paths(folder):
    for module in folder.rglob("*.so"):
        run("patchelf", "--remove-rpath", module)


def add_licence(folder):
    """The text, and the lines of METADATA that say so."""
    if not list(folder.glob("fastloss.libs/libgomp*")):
        return
    metadata = next(folder.glob("*.dist-info/METADATA"))
    shutil.copyfile(LICENCE, metadata.parent / "licenses" / LICENCE.name)
    head, blank, description = metadata.read_text(encoding="utf-8").partition("\n\n")
    lines = [
        f"{line} AND {EXPRESSION}" if line.startswith("License-Expression: ") else line for line in head.splitlines()
    ]
    after = max(i for i, line in enumerate(lines) if line.startswith("License-File: ")) + 1
    lines.insert(after, f"License-File: {LICENCE.name}")
    metadata.write_text("\n".join(lines) + blank + description, encoding="utf-8")


def repair(wheel, destination):
    """The repaired wheel, in the folder `destination`."""
    with tempfile.TemporaryDirectory() as work:
        parts, bare, repaired = Path(work, "parts"), Path(work, "bare"), Path(work, "repaired")
        unpack(wheel, parts)
        remove_search_paths(parts)
        bare.mkdir()
        pack(parts, bare / wheel.name)
        run("auditwheel", "repair", "--wheel-dir", repaired, bare / wheel.name)
        (made,) = repaired.glob("*.whl")
        shutil.rmtree(parts)
        unpack(made, parts)
        add_licence(parts)
        destination.mkdir(parents=True, exist_ok=True)
        pack(parts, destination / made.name)
        return destination / made.name


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("destination", type=Path)
    given = parser.parse_args()
    print(repair(given.wheel, given.destination))
