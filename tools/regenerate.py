"""Makes everything that is generated: the stub, the pictures and the tables of losses; prints what has changed.

    python tools/regenerate.py            # writes
    python tools/regenerate.py --check    # writes nothing, and fails where something would change

After adding a loss, or changing a signature, this is all there is to run. A picture has the same bytes only with the
same versions of matplotlib and Pillow, which tools/docs/drawn_with.json has: with others, only whether each picture is
there is checked. Every picture has to be shown by a page of docs/.

Needs matplotlib besides fastloss; without it the pictures are not drawn.
"""

import argparse
import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "docs"))
sys.path.insert(0, str(Path(__file__).resolve().parent / "codegen"))
import loss_tables
import make_stub

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
STUB, DASK_STUB = ROOT / "fastloss" / "__init__.pyi", ROOT / "fastloss" / "dask" / "__init__.pyi"
PICTURES = ROOT / "docs" / "pictures"
DRAWN_WITH = TOOLS / "docs" / "drawn_with.json"


def versions():
    """Of what draws; None where it is not installed."""
    try:
        return {name: importlib.metadata.version(name) for name in ("matplotlib", "pillow")}
    except importlib.metadata.PackageNotFoundError:
        return None


def drawn():
    """{path: bytes} of the pictures of losses and of CTC."""
    import draw_ctc
    import draw_losses

    with tempfile.TemporaryDirectory() as folder:
        draw_losses.draw_all(Path(folder))
        draw_ctc.draw_all(Path(folder))
        return {PICTURES / path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def pictures(is_check):
    """{path: bytes} of the pictures that are missing or others than before; and what could not be compared."""
    here = versions()
    if here is None:
        return {}, "the pictures are not drawn: matplotlib is not installed"
    recorded = json.loads(DRAWN_WITH.read_text()) if DRAWN_WITH.exists() else None
    found = drawn()
    if is_check and here != recorded:
        absent = {path: image for path, image in found.items() if not path.exists()}
        return absent, f"the bytes of the pictures are not compared: drawn with {recorded}, here is {here}"
    if not is_check:
        found[DRAWN_WITH] = (json.dumps(here) + "\n").encode()
    return found, None


def unshown():
    """Pictures that no page of docs/ shows; those of benchmarks/compare.py are its own business."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    names = sorted(path.name for path in PICTURES.iterdir() if not path.name.startswith("comparison"))
    return [name for name in names if f"pictures/{name}" not in pages]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where something would change")
    is_check = parser.parse_args().check
    texts = {STUB: make_stub.stub(), DASK_STUB: make_stub.dask_stub(), **loss_tables.texts()}
    results = {path: text.encode() for path, text in texts.items()}
    images, note = pictures(is_check)
    results |= images
    if note:
        print(f"SKIPPED: {note}")
    changed = [path for path, content in results.items() if not path.exists() or path.read_bytes() != content]
    for path in changed:
        print(f"{'error: not up to date' if is_check else 'written'}: {path.relative_to(ROOT)}")
        if not is_check:
            path.write_bytes(results[path])
    if is_check and changed:
        print("run `python tools/regenerate.py` and commit what it writes")
    for name in unshown():
        print(f"error: no page of docs/ shows docs/pictures/{name}")
    print(f"{len(results)} generated files, {len(changed)} {'out of date' if is_check else 'changed'}")
    sys.exit(bool((is_check and changed) or unshown()))


if __name__ == "__main__":
    main()
