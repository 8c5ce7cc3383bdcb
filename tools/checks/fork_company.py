"""Whether forked children can compute in parallel in the company of other libraries with threads of their own.

    python tools/checks/fork_company.py              # all that are installed
    python tools/checks/fork_company.py torch jax    # some

Each library is imported and set to work before fastloss in one process, and after it in another; all of them together
likewise. In each process fastloss computes in parallel, then forks children that do the same and must get the same
bits, while the parent and the library go on between the forks. What is not installed is skipped, and said to be.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from forks import FORK

FORKS = 3
SECONDS = 180  # for one process
DATA = """
import numpy
features = numpy.random.default_rng(0).normal(size=(2000, 20))
labels = (features[:, 0] > 0) * 1
"""
COMPANY = {  # module: what sets its threads to work
    "torch": "torch.set_num_threads(2), torch.ones(1_000_000).exp().sum()",
    "sklearn": """
        from sklearn.ensemble import HistGradientBoostingClassifier
        HistGradientBoostingClassifier(max_iter=3).fit(features, labels)
    """,
    "xgboost": "xgboost.train({'nthread': 2}, xgboost.DMatrix(features, labels), 3)",
    "lightgbm": "lightgbm.train({'verbose': -1, 'num_threads': 2}, lightgbm.Dataset(features, labels))",
    "catboost": """
        model = catboost.CatBoostRegressor(iterations=3, thread_count=2, verbose=0, allow_writing_files=False)
        model.fit(features, labels)
    """,
    "onnxruntime": "onnxruntime.get_available_providers()",
    "jax": "jax.numpy.ones((400, 400)).dot(jax.numpy.ones((400, 400))).block_until_ready()",
}  # fmt: skip
ORDERS = ("before", "after")


def process(modules, order):
    """The code of one process."""
    imports, works = "", "def company():\n    pass\n"
    for module in modules:
        imports += f"import {module}\n"
        works += textwrap.indent(textwrap.dedent(COMPANY[module]).strip(), "    ") + "\n"
    company = f"{DATA}{imports}{works}company()\n"
    first, second = (company, FORK) if order == "before" else (FORK, company)
    return f"""{first}{second}
warnings.simplefilter("ignore")     # some warn of any fork
assert check(), "in the parent, before any fork"
for number in range({FORKS}):
    result = forked()
    assert result == 0, f"child {{number}}: {{result}}"
    assert check(), f"in the parent, after child {{number}}"
    company()
"""


def outcome(modules, order):
    """What the table says of one process, and all that it said where it failed."""
    start = time.monotonic()
    command = [sys.executable, "-c", process(modules, order)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return "FAILED: hangs", f"no end within {SECONDS} s"
    if run.returncode:
        return "FAILED", run.stdout + run.stderr
    return f"{FORKS} forks, {time.monotonic() - start:.0f} s", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="module", help=f"of {', '.join(COMPANY)}; default: all")
    names = parser.parse_args().modules or list(COMPANY)
    if set(names) - set(COMPANY):
        parser.error(f"unknown: {', '.join(set(names) - set(COMPANY))}; there are {', '.join(COMPANY)}")
    if not hasattr(os, "fork"):
        sys.exit("SKIPPED: this system has no fork")
    here = [name for name in names if importlib.util.find_spec(name)]
    packages = importlib.metadata.packages_distributions()  # some have several that give the module
    rows = [(f"{name} {importlib.metadata.version(packages[name][0])}", [name]) for name in here]
    rows += [("all of these", here)] if len(here) > 1 else []
    failures = []
    print(f"{'imported':<28}" + "".join(f"{order + ' fastloss':<24}" for order in ORDERS))
    for title, modules in rows:
        print(f"{title:<28}", end="", flush=True)
        for order in ORDERS:
            found, said = outcome(modules, order)
            print(f"{found:<24}", end="\n" if order == ORDERS[-1] else "", flush=True)
            failures += [f"{title}, imported {order} fastloss:\n{said}"] if said else []
    for name in names:
        if name not in here:
            print(f"{name:<28}SKIPPED: not installed")
    print(f"{2 * len(rows) - len(failures)} of {2 * len(rows)} combinations passed")
    sys.exit("\n".join(f"error: {failure}" for failure in failures) or 0)


if __name__ == "__main__":
    main()
