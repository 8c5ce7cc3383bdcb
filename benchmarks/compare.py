"""Compares fastloss with every library for the same job that is installed, and writes a page, its data and pictures.

    python benchmarks/compare.py [--quick | --large] [--losses REGEX] [--peers a,b] [--threads 1] [--out docs]

Two processes measure, pinned to the same core, in turns: one as users of each library write the call, and one with
places that are used again and a malloc that keeps huge pages. In each of them our call, a copy of the scores and all
the other libraries take turns. A third measures the modules that have another library's conventions, each beside that
library. Nothing is written before the end. The README is rewritten by a full run into docs/.
"""

import argparse
import importlib.util
import json
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
if not __package__:  # run as a script
    sys.path[0] = str(ROOT)

from benchmarks import cases, counterparts, machine, pages, peers  # noqa: E402

DOCS = ROOT / "docs"
MODES = ("naive", "tuned")
SECONDS = {"quick": 0.05, "full": 0.2, "large": 0.2}  # of each call in a case
WHEN = {"quick": {"quick"}, "full": {"quick", "full"}, "large": {"quick", "full", "large"}}


class Worker:
    """A process that measures in one of the modes."""

    def __init__(self, mode, threads, seconds, names):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", mode, str(threads), str(seconds), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=machine.environment(threads, mode == "tuned"),
        )

    def measure(self, case):
        print(case.name, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"error: the process that measured {case.name} ended with status {self.process.wait()}")
        return json.loads(answer)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    much = parser.add_mutually_exclusive_group()
    much.add_argument(
        "--quick",
        dest="much",
        action="store_const",
        const="quick",
        help="small inputs, without torch.compile: a minute",
    )
    much.add_argument("--large", dest="much", action="store_const", const="large", help="also inputs of gigabytes")
    parser.add_argument(
        "--losses", type=re.compile, default=re.compile(""), help="only cases whose name matches, as mse_loss.*8"
    )
    parser.add_argument("--peers", type=lambda names: names.split(","), help=f"of {','.join(peers.PEERS)}")
    parser.add_argument("--threads", type=int, default=1, help="of every library; more than one by the wall clock")
    parser.add_argument("--out", type=pathlib.Path, default=DOCS, help="folder of the page and its pictures/")
    parser.set_defaults(much="full")
    options = parser.parse_args()
    if options.peers is None:  # compilation takes minutes
        options.peers = [name for name in peers.PEERS if options.much != "quick" or name != "torch_compiled"]
    return options


def chosen_cases(options, modules):
    """Of the losses, and of the modules."""
    pairs = [case for name in modules for case in counterparts.cases(name)]
    wanted = [
        [case for case in group if case.when in WHEN[options.much] and options.losses.search(case.name)]
        for group in (cases.CASES, pairs)
    ]
    return wanted if any(wanted) else sys.exit(f"error: no case matches {options.losses.pattern}")


def installed_peers(options):
    """Names and versions."""
    found = {}
    for name in options.peers:
        if name not in peers.PEERS:
            sys.exit(f"error: no peer {name}: there are {', '.join(peers.PEERS)}")
        versions = peers.versions(name)
        if versions is None:
            print(f"{peers.PEERS[name].label} is not installed", file=sys.stderr)
        else:
            found[name] = versions
    return found


def progress(jobs):
    """The jobs, with a bar that names each, or a line each."""
    if importlib.util.find_spec("tqdm"):
        from tqdm import tqdm

        with tqdm(jobs, unit="case") as bar:
            for case in bar:
                bar.set_description(case.name)
                yield case
        return
    for number, case in enumerate(jobs, 1):
        print(f"{number} of {len(jobs)}: {case.name}", file=sys.stderr)
        yield case


def measure_pairs(chosen, names, threads, seconds):
    if not chosen:
        return []
    worker = Worker("counterparts", threads, seconds, names)
    try:
        return [case.description() | worker.measure(case) for case in progress(chosen)]
    finally:
        worker.process.stdin.close()
        worker.process.terminate()


def measure(chosen, names, threads, seconds):
    workers = {mode: Worker(mode, threads, seconds, names) for mode in MODES}
    try:
        return [
            {**case._asdict(), "size": case.size, "name": case.name}
            | {mode: worker.measure(case) for mode, worker in workers.items()}
            for case in progress(chosen)
        ]
    finally:
        for worker in workers.values():
            worker.process.stdin.close()
            worker.process.terminate()


def main():
    options = arguments()
    modules, module_versions = counterparts.installed()
    (chosen, pairs), versions = chosen_cases(options, modules), installed_peers(options)
    cores = machine.pin(options.threads)
    where = f"pinned to {cores}" if cores else "not pinned: this system cannot"
    (options.out / "pictures").mkdir(parents=True, exist_ok=True)
    print(f"{len(chosen) + len(pairs)} cases, {options.threads} thread(s), {where}", file=sys.stderr)
    data = {
        "command": shlex.join(["python", "benchmarks/compare.py", *sys.argv[1:]]),
        "machine": machine.describe(options.threads, cores),
        "versions": {**versions, "counterparts": module_versions} if pairs else versions,
        "results": measure(chosen, list(versions), options.threads, SECONDS[options.much]),
        "counterparts": measure_pairs(pairs, modules, options.threads, SECONDS[options.much]),
    }
    is_all = len(versions) == len(peers.PEERS) and len(modules) == len(counterparts.COUNTERPARTS)
    full = options.much != "quick" and not options.losses.pattern and is_all
    pages.write(data, options.out, ROOT / "README.md" if full and options.out.resolve() == DOCS else None)
    failed = [result["name"] for result in data["results"] if any(result[mode]["failures"] for mode in MODES)]
    failed += [result["name"] for result in data["counterparts"] if "failure" in result]
    if failed:
        sys.exit(f"error: a library failed in {', '.join(failed)}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted: nothing written")
