"""What became of the loops of a compiled module: in every copy of each, the instructions on vectors and on numbers.

The line information of the object file says for every instruction where it comes from: a line of the source, and the
calls through which that line was inlined. So what a loop calls is counted with the loop, and each copy of a loop by
itself. Both gcc and clang write it, and it is the code that will run, not what a compiler reports of it.
"""

import bisect
import re
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

# Instructions on single numbers, or that take vectors apart; calls are counted with them. No logic: the sign of a
# single number is masked by andps.
SINGLE = re.compile(
    r"v?((add|sub|mul|div|max|min|sqrt|cmp\w*|u?comi|fn?m(add|sub)\w+|round|rndscale)s[sd]|cvt\w*(s[sd]\w*|2u?si)"
    r"|p(ins|ext)r[bwdq]|(insert|extract)ps)$"
)
PACKED = re.compile(
    r"v?((add|sub|mul|div|max|min|sqrt|cmp\w*|fn?m(add|sub)\w+|round|rndscale)p[sd]|cvt\w*(p[sdh]|dq|qq)\w*"
    r"|p(add|sub|cmp|max|min|mul|mov[sz]x|sll|srl|sra|blend|abs|unpck|ack|gather|ternlog)\w*|gather\w+)$"
)
PLACE = re.compile(r"(?:inlined by )?(/\S+|\S+\.[ch]):(\d+)(?: \((discriminator \d+|\S+)\))*$")
INSTRUCTION = re.compile(r"\s+([0-9a-f]+):\t(?:(?:rep\w*|lock|bnd|notrack|data16|cs) )*(\S+)\s*(.*)")


def places_in(c_file):
    """Where every line of generated C comes from, by the comments that Cython writes: (file, line)."""
    here, places = None, [None]
    for line in c_file.read_text().splitlines():
        mark = re.match(r'\s*/\* "(.+)":(\d+)$', line)
        here = (Path(mark[1]).name, int(mark[2])) if mark else here
        places.append(here)
    return places


def functions_in(object_file):
    """(name, [(address, mnemonic, operands, chain)]) for each. A chain is the (file, line) of an instruction, and
    those of the calls through which it was inlined, as the object file names them."""
    command = ["objdump", "-d", "-l", "--inlines", "-w", "--no-show-raw-insn", object_file]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    name, code, chain, fresh = None, [], (), False
    for line in listing.splitlines():
        if match := INSTRUCTION.match(line):
            code.append((int(match[1], 16), match[2], match[3], chain))
            fresh = False
        elif match := PLACE.match(line):
            place = (Path(match[1]).name, int(match[2]))
            # The line itself is not repeated where only the calls change.
            inner = (chain if fresh else chain[:1]) if line.startswith("inlined by") else ()
            chain, fresh = (*inner, place), True
        elif line.endswith("():"):  # another function: its line, if it is known, comes next
            chain, fresh = (None,), True
        elif match := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            if code:
                yield name, code
            name, code = match[1], []
    yield name, code


def regions_of(code):
    """The innermost loop of machine code that each instruction is in, as its first and last address; or None."""
    first, loops = code[0][0], set()
    for address, mnemonic, operands, _ in code:
        target = re.match(r"([0-9a-f]+) <", operands)
        if mnemonic.startswith("j") and target and first <= int(target[1], 16) <= address:
            loops.add((int(target[1], 16), address))
    addresses, regions = [address for address, *_ in code], [None] * len(code)
    for start, end in sorted(loops, key=lambda loop: loop[0] - loop[1]):  # the longest first
        low, high = bisect.bisect_left(addresses, start), bisect.bisect_right(addresses, end)
        regions[low:high] = [(start, end)] * (high - low)
    return regions


def kind(mnemonic):
    if SINGLE.match(mnemonic) or mnemonic.startswith("call"):
        return "single"
    return "packed" if PACKED.match(mnemonic) else None


def copies_of_loops(object_file, c_file, loops):
    """{loop: {copy: {region: Counter}}} of instructions on single numbers, packed ones, and jumps back, which are the
    loop's own where the region is. `loops` maps (file, line) of the source to the loops there."""
    places, known = places_in(c_file), {}

    def loops_on(chain):
        """(loop, the calls around it) for every loop on the way from an instruction outward."""
        found = {}
        for depth, place in enumerate(chain):
            if place and place[0] == c_file.name:
                place = places[place[1]]
            for loop in loops.get(place, ()):
                found[loop] = chain[depth + 1 :]
        return tuple(found.items())

    copies = defaultdict(lambda: defaultdict(lambda: defaultdict(Counter)))
    for name, code in functions_in(object_file):
        for (address, mnemonic, _, chain), region in zip(code, regions_of(code), strict=True):
            what = "jump back" if region and address == region[1] else kind(mnemonic)
            if what is None:
                continue
            if chain not in known:
                known[chain] = loops_on(chain)
            for loop, calls in known[chain]:
                copies[loop][name, calls][region][what] += 1
    return copies
