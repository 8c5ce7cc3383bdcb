"""What a comparison writes: comparison.md, comparison.json, pictures, and a section of the README."""

import json
import re
import textwrap

import fastloss as fl
from benchmarks import cases, peers, pictures

LABELS = {"fastloss": "fastloss", **{name: peer.label for name, peer in peers.PEERS.items()}}
ERRORS = {"value": "value err", "grad": "gradient err", "hess": "curvature err"}
SECTION = re.compile(r"(<!-- comparison -->\n).*?(<!-- /comparison -->)", re.DOTALL)

READING = """
The unit is the time to copy the input: `np.copyto` of the scores, the first argument, into an array that has been used
before. **1 = the time to copy the input, about the best possible** for a loss with its gradient, which reads every
score and writes as many numbers. A value alone only reads, so 0.5 is about the best possible where there is one input.
The copy took turns with the calls, in the same process and on the same arrays; figures are medians over the rounds,
with the quartiles in brackets. An input that fits into the caches is copied so fast that arithmetic counts instead, and
with a few elements both times are mostly the cost of a call. Lower is better everywhere.

**As written** is what the users of a library write; new results are new memory, whose page faults count. **Tuned** is
the same work in another process: its malloc keeps freed memory and asks for huge pages, and the memory of the result is
used again where the library allows it. PyTorch's kernels are then called without autograd, and scikit-learn's loss
classes take the place of its metrics. Compilation is not counted.

Errors are measured against the definitions in `tests/support/reference.py` in float64. For the sum of the losses (for
`log_softmax`, for each of its numbers) they are relative. For derivatives they are absolute up to 1 and relative
beyond, and the largest is shown. Where there are two, they are as written / tuned.
"""

PAIRS = """
Modules of fastloss that have the names, arguments and results of another library, and what `fastloss` has for language
models. Their calls took turns with that library's, or with what its users write. All are as written: new results are
new memory, but for what a module itself uses again. The last column is the other's time over ours, with its quartiles.
Both gave the same numbers.
"""
PAIRS_PICTURE = "comparison_modules.png"


def number(value):
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def time(seconds):
    unit, scale = next((pair for pair in (("s", 1), ("ms", 1e-3)) if seconds >= pair[1]), ("us", 1e-6))
    return f"{seconds / scale:.3g} {unit}"


def median(result, mode, name):
    """In copies; None if there is no such call."""
    call = result[mode]["calls"].get(name)
    return call and call["copies"][1]


def with_quartiles(result, mode, name):
    call = result[mode]["calls"].get(name)
    if call is None:
        return "failed" if name in result[mode]["failures"] else ""
    low, middle, high = map(number, call["copies"])
    return f"{middle} [{low}, {high}]"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def names_of(result):
    """Who took part, fastest first."""
    names = {name for mode in ("naive", "tuned") for part in ("calls", "failures") for name in result[mode][part]}
    return sorted(names, key=lambda name: (median(result, "tuned", name) or float("inf"), name))


def both_errors(calls, what):
    """As written and tuned; once, where they are the same."""
    texts = [f"{call['errors'][what]:.0e}" for call in calls if what in call["errors"]]
    return " / ".join(dict.fromkeys(texts))


def line(result, name, errors):
    calls = [result[mode]["calls"][name] for mode in ("naive", "tuned") if name in result[mode]["calls"]]
    return [
        f"**{name}**" if name == "fastloss" else LABELS[name],
        with_quartiles(result, "naive", name),
        with_quartiles(result, "tuned", name),
        time(calls[-1]["seconds"][1]) if calls else "",
        *(both_errors(calls, what) for what in errors),
    ]


def family_table(results):
    errors = [what for what in ERRORS if any(what in each["tuned"]["calls"]["fastloss"]["errors"] for each in results)]
    header = ["loss", "size", "library", "as written", "tuned", "time, tuned", *(ERRORS[what] for what in errors)]
    rows = []
    for result in results:
        about = [title(result), result["size"]]
        for name in names_of(result):
            rows.append([*about, *line(result, name, errors)])
            about = ["", ""]
    return table(header, rows)


def title(result):
    """The loss and the verb, which log_softmax has not."""
    words = "" if result["loss"] == "log_softmax" else f" {pictures.TITLES[result['verb']]}"
    return f"`{result['loss']}`{words}"


def threads(about):
    return "one thread" if about["threads"] == 1 else f"{about['threads']} threads"


def made_how(data):
    about = data["machine"]
    versions = {dist: version for found in data["versions"].values() for dist, version in found.items()}
    others = ", ".join(f"{dist} {version}" for dist, version in versions.items())
    system = f"{about['processor']} ({about['system']}, {about['instruction_set']})"
    ours = f"fastloss {fl.__version__} ({about['commit'] or 'no checkout'}, {about['compiler']})"
    pinned = ", pinned" if about["cores"] else ""
    text = f"Made by `{data['command']}` on {system}, every library on {threads(about)}{pinned}: {ours}, {others}."
    return textwrap.fill(text, 118, break_on_hyphens=False) + "\n"


def page(data, families):
    text = ["# Comparison\n", made_how(data), READING.strip() + "\n"]
    for family, results in families.items():
        text += [f"## {family}\n", f"![Times of {family.lower()}](pictures/{pictures.file_name(family)})\n"]
        text.append(family_table(results))
    if data["counterparts"]:
        text += ["## Modules with other libraries' conventions, and language models\n", PAIRS.strip() + "\n"]
        text.append(f"![Times as long as other libraries take](pictures/{PAIRS_PICTURE})\n")
        text.append(pairs_table(data["counterparts"]))
    return "\n".join(text)


def pairs_table(results):
    rows = []
    for result in results:
        call = [f"`{result['package']}`", f"`{result['call']}`, {result['what']}", result["size"], result["beside"]]
        rows.append([*call, *(["failed"] * 3 if "failure" in result else times_of_pair(result))])
    return table(["module", "call", "size", "beside", "its time", "ours", "times as fast"], rows)


def times_of_pair(result):
    low, middle, high = map(number, result["times"])
    return [time(result["other_seconds"][1]), time(result["seconds"][1]), f"{middle} [{low}, {high}]"]


def headline(result):
    """Tuned copies of fastloss, PyTorch, JAX, and the best of the others."""
    shown = ["fastloss", "torch_eager", "jax"]
    others = [name for name in names_of(result) if name not in shown and median(result, "tuned", name)]
    best = f"{number(median(result, 'tuned', others[0]))} ({LABELS[others[0]]})" if others else ""
    numbers = [median(result, "tuned", name) for name in shown]
    about = [title(result), result["size"]]
    return [*about, *("" if value is None else number(value) for value in numbers), best]


def readme_pairs(results):
    shown = [result for result in results if result["is_headline"] and "failure" not in result]
    rows = []
    for result in shown:
        call = [f"`{result['package']}.{result['call']}`, {result['what']}", result["size"], result["beside"]]
        rows.append([*call, number(result["times"][1])])
    return f"As users write them:\n\n{table(['call', 'size', 'beside', 'times as fast'], rows)}\n" if rows else ""


def readme_section(data, results):
    header = ["loss", "size", "fastloss", "PyTorch", "JAX + optax", "best other"]
    about = data["machine"]
    note = (
        f"Tuned calls on {threads(about)} of {about['processor']} ({about['instruction_set']}). 1 = the time to copy "
        "the input, about the best possible; lower is better. Hollow markers are calls as users write them."
    )
    return (
        f"{textwrap.fill(note, 120)}\n\n"
        "![Time of each loss and library, 1 being the time to copy its input](docs/pictures/comparison.png)\n\n"
        f"{table(header, map(headline, results))}\n"
        f"{readme_pairs(data['counterparts'])}"
        "[Comparison](docs/comparison.md) has every case, spread and error.\n"
    )


def write(data, out, readme):
    """Into the folder `out`, and into the file `readme` unless that is None."""
    folder = out / "pictures"
    families = {family: [each for each in data["results"] if each["family"] == family] for family in cases.FAMILIES}
    families = {family: results for family, results in families.items() if results}
    for family, results in families.items():
        pictures.draw(results, LABELS, folder / pictures.file_name(family))
    if data["counterparts"]:
        pictures.draw_pairs(data["counterparts"], folder / PAIRS_PICTURE)
    (out / "comparison.md").write_text(page(data, families))
    (out / "comparison.json").write_text(json.dumps(data) + "\n")
    if readme:
        found = {result["name"]: result for result in data["results"]}
        headlines = [found[case.name] for case in cases.HEADLINES]
        pictures.draw_headlines(headlines, LABELS, folder / "comparison.png")
        text = SECTION.sub(lambda found: found[1] + readme_section(data, headlines) + found[2], readme.read_text())
        readme.write_text(text)
    print(f"{out / 'comparison.md'}: {len(data['results']) + len(data['counterparts'])} cases")
