"""Arguments that change between their check and their use, by a callback inside the call: an error or wrong numbers,
never an access outside of an array."""

import pytest
from losses import of_family
from scripts import run_script

CHANGES = """
name, loss = sys.argv[1], getattr(fl, sys.argv[1])
sys.path.insert(0, sys.argv[2])
import losses
row = losses.BY_NAME[name]

class Threads:
    def __init__(self, change):
        self.change = change
    def __index__(self):
        self.change()
        return 1

def attempt(change_of, **options):
    # Large enough that an access outside of an array is outside of what the process has.
    arguments = [np.array(a) for a in row.draw(np.random.default_rng(1), (2000, 300), np.dtype(np.float64))]
    more = dict(options)
    for verb in ("__call__", "grad", "value_and_grad"):
        copies = [a.copy() for a in arguments]
        if verb != "__call__" and options.get("out", 0) is None:
            more["out"] = np.empty_like(copies[0])
        elif "out" in more:
            del more["out"]
        call = loss if verb == "__call__" else getattr(loss, verb)
        try:
            call(*copies, num_threads=Threads(change_of(copies, more)), **more)
        except ValueError:
            pass
"""


@pytest.mark.parametrize("row", of_family("elementwise", "rowwise"), ids=lambda row: row.name)
def test_shapes_that_a_callback_changes(row, request):
    run_script(
        CHANGES
        + """
def reshaped(place, shape):
    def change_of(arrays, more):
        def change():
            if place < len(arrays):
                arrays[place].shape = shape if arrays[place].size == 600_000 else (-1,)
        return change
    return change_of

def larger(place):
    # In place: another memory, of another size.
    def change_of(arrays, more):
        def change():
            if place < len(arrays):
                arrays[place].resize(7, refcheck=False)
        return change
    return change_of

def out_smaller(arrays, more):
    def change():
        if "out" in more:
            more["out"].resize(7, refcheck=False)
    return change

for place in (0, 1):
    attempt(reshaped(place, (600_000, 1)))
    attempt(reshaped(place, (1, 600_000)))
    attempt(larger(place))
attempt(out_smaller, out=None)
""",
        row.name,
        request.config.rootpath / "tests" / "support",
    )


@pytest.mark.parametrize("row", [row for row in of_family("rowwise") if row.has_labels], ids=lambda row: row.name)
def test_labels_that_a_callback_changes(row, request):
    run_script(
        CHANGES
        + """
for label in (300, -1, 2**40, -2**62):
    def change_of(arrays, more):
        return lambda: arrays[1].fill(label)
    attempt(change_of, out=None)
    attempt(change_of, sample_weight=np.ones(2000), out=None)
    if "label_smoothing" in row.parameters:
        attempt(change_of, label_smoothing=0.1, out=None)
""",
        row.name,
        request.config.rootpath / "tests" / "support",
    )
