"""Checks which instructions the compiled modules contain, so that an old processor never meets one it lacks.

Modules outside the folders avx* must have no AVX instruction: none whose encoding starts with a VEX or EVEX prefix,
which also covers FMA, F16C and BMI. The AVX2 kernels must use 256-bit registers and no EVEX prefix, with which every
AVX-512 instruction starts; the AVX-512 kernels must use 512-bit registers.
"""

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

# address, bytes, mnemonic, operands. 64-bit code has no other use of the bytes c4, c5 and 62 as an opcode.
INSTRUCTION = re.compile(r"^ +[0-9a-f]+:\t((?:[0-9a-f]{2} )+) *\t(.*)", re.MULTILINE)
LEGACY_PREFIXES = {"26", "2e", "36", "3e", "64", "65", "66", "67", "f0", "f2", "f3"}


def prefix(code):
    """The byte that tells: c4 or c5 for VEX, 62 for EVEX."""
    return next((byte for byte in code.split() if byte not in LEGACY_PREFIXES), "")


def check(path):
    """Counts of AVX instructions and of wide registers, and what is wrong with them."""
    listing = subprocess.run(["objdump", "-d", "-w", path], capture_output=True, text=True, check=True).stdout
    instructions = INSTRUCTION.findall(listing)
    vex = [text for code, text in instructions if prefix(code) in ("c4", "c5", "62")]
    evex = [text for code, text in instructions if prefix(code) == "62"]
    ymm, zmm = (sum(register in text for text in vex) for register in ("%ymm", "%zmm"))
    print(f"{path.parent.name + '/' + path.name:<60}{len(instructions):>8}{len(vex):>8}{ymm:>8}{zmm:>8}")
    if not instructions:
        return [f"{path}: objdump shows no instructions"]
    instruction_set = path.parent.name.rpartition("_")[0]
    if instruction_set == "avx512":
        return [] if zmm else [f"{path}: an AVX-512 module without a 512-bit instruction"]
    if instruction_set == "avx2":
        errors = [f"{path}: AVX-512 instruction: {text}" for text in evex[:3]]
        return errors if ymm else [*errors, f"{path}: an AVX2 module without a 256-bit instruction"]
    return [f"{path}: AVX instruction outside the AVX modules: {text}" for text in vex[:3]]


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2], "fastloss", "_kernels")
    if platform.machine() not in ("x86_64", "AMD64"):
        print("SKIPPED: instruction sets are chosen on x86-64 only")
        return
    if not shutil.which("objdump"):
        print("SKIPPED: no objdump on this machine (Debian package binutils)")
        return
    modules = sorted(folder.rglob("*.so"))
    sets = {path.parent.name for path in modules}
    print(f"{'module':<60}{'all':>8}{'AVX':>8}{'256 bit':>8}{'512 bit':>8}")
    errors = [error for path in modules for error in check(path)]
    for name in (f"{name}_f{bits}" for name in ("baseline", "avx2", "avx512") for bits in (32, 64)):
        if name not in sets:
            errors.append(f"{folder}: no modules in {name}: build first, with `pip install -e .`")
    for error in errors:
        print(f"error: {error}")
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
