"""What ctc_loss and ctc_loss_with_logits refuse, in test_errors' manner."""

import numpy as np
import pytest
from errors import BOTH, FRAMES, TARGETS, WRONG_LENGTHS, WRONG_TARGETS, every_verb, refused

import fastloss as fl

NAMES = {fl.ctc_loss: "log_probs", fl.ctc_loss_with_logits: "logits"}
both_losses = pytest.mark.parametrize("loss", NAMES, ids=lambda loss: loss.__name__)


@both_losses
@pytest.mark.parametrize(("targets", "options", "tokens"), WRONG_TARGETS)
def test_targets(loss, targets, options, tokens):
    every_verb(loss, (FRAMES, targets), options, ValueError, tokens)


@both_losses
@pytest.mark.parametrize("targets", [TARGETS * 1.0, TARGETS.astype(object), [["a", "b"], ["c"]], "ab", None])
def test_targets_that_are_no_labels(loss, targets):
    every_verb(loss, (FRAMES, targets), {}, BOTH, ["targets"])


@both_losses
@pytest.mark.parametrize(("options", "error", "tokens"), WRONG_LENGTHS, ids=str)
def test_lengths(loss, options, error, tokens):
    every_verb(loss, (FRAMES, TARGETS), options, error, tokens)


@both_losses
def test_lengths_of_other_forms(loss):
    lists = [[1, 2], [3]]
    every_verb(loss, (FRAMES, lists), {"target_lengths": [2, 2]}, ValueError, ["target_lengths", 1, 2])
    flat = np.array([1, 2, 3])
    every_verb(loss, (FRAMES, flat), {"target_lengths": [4, -1]}, ValueError, ["target_lengths"])
    every_verb(loss, (FRAMES[:, 0], [1, 2]), {"target_lengths": 3}, ValueError, ["target_lengths", 3])
    every_verb(loss, (FRAMES[:, 0], [1, 2]), {"input_lengths": 7}, ValueError, ["input_lengths", 7])
    every_verb(loss, (FRAMES[:, 0], TARGETS), {}, ValueError, ["targets", "(2, 2)"])


@both_losses
def test_options(loss):
    arguments = FRAMES, TARGETS
    every_verb(loss, arguments, {"blank": 5}, ValueError, ["blank", 5])
    every_verb(loss, arguments, {"blank": -6}, ValueError, ["blank", -6])
    every_verb(loss, arguments, {"blank": 0.0}, TypeError, ["blank"])
    every_verb(loss, arguments, {"infeasible": "ignore"}, ValueError, ["infeasible", "ignore", "inf", "zero", "raise"])
    every_verb(loss, arguments, {"reduction": "avg"}, ValueError, ["reduction", "avg", "batchmean"])
    every_verb(loss, arguments, {"sample_weight": np.ones(3)}, ValueError, ["sample_weight", "(3,)", "(2,)"])
    every_verb(loss, arguments, {"num_threads": 0}, ValueError, ["num_threads", 0])


@both_losses
def test_shapes_of_the_scores(loss):
    for shape in ((5,), (2, 3, 4, 5)):
        refused(ValueError, [NAMES[loss], str(shape)], lambda shape=shape: loss(np.zeros(shape), TARGETS))
    every_verb(loss, (FRAMES, TARGETS), {"batch_first": True}, ValueError, ["targets", "(2, 2)", 6])


@both_losses
def test_infeasible_raise(loss):
    """It names the sample, the frames needed, the frames there."""
    targets = [[1, 2], [3, 3, 3, 3]]
    every_verb(loss, (FRAMES, targets), {"infeasible": "raise"}, ValueError, [1, 7, 6])
    options = {"infeasible": "raise", "input_lengths": [6, 1]}
    every_verb(loss, (FRAMES, TARGETS), options, ValueError, [1, 2])


@both_losses
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_infeasible_raise_for_paths_of_probability_zero(loss, dtype):
    """Known only once the recursion has run, and still nothing is written: in place too."""
    x = FRAMES.astype(dtype)
    x[:, 1, 3] = -np.inf
    every_verb(loss, (x, TARGETS), {"infeasible": "raise"}, ValueError, [1, 6])
    before = x.tobytes()
    with pytest.raises(ValueError, match="1"):
        loss.grad(x, TARGETS, infeasible="raise", out=x)
    assert x.tobytes() == before
