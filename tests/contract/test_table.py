"""The table of losses is complete: each public loss has a row, definitions in reference.py, and options to try."""

import pytest
import reference
import reference_ctc
from losses import BY_NAME, LOSSES, OF_THEIR_OWN, public_losses

COMMON = {
    "axis",
    "sample_weight",
    "where",
    "ignore_index",
    "reduction",
    "num_threads",
}  # tried with every loss that has them

every_row = pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)


def test_every_public_loss_has_a_row():
    assert sorted(public_losses()) == sorted([*BY_NAME, *OF_THEIR_OWN]), (
        "a row of tests/support/losses.py for every loss"
    )
    assert len(BY_NAME) == len(LOSSES)


@every_row
def test_every_loss_is_defined(row):
    if row.family == "ctc":
        assert callable(getattr(reference_ctc, row.name, None)), f"reference_ctc.py has no {row.name}"
        return
    for part in ("", "_grad", *(["_hess"] if row.loss.has_curvature else [])):
        assert callable(getattr(reference, row.name + part, None)), (
            f"tests/support/reference.py has no {row.name}{part}"
        )


@every_row
def test_every_option_is_tried(row):
    if row.family == "ctc":  # tests/ctc tries them
        return
    own = set(row.parameters) - set(row.arguments) - COMMON
    assert own == {name for options in row.options for name in options}
    assert row.options[0] == {}, "the defaults come first"
