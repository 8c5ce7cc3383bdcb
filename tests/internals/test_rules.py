"""Rules that are written once: which numbers are refused and how a range is named, `out`, labels, reductions."""

import numpy as np
import pytest

from fastloss import _kernels
from fastloss import _validation as check
from fastloss._validation import rules


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-1.0, 1.0, "at least -1 and at most 1"), (0.0, np.inf, "at least 0"), (0.5, 2.5, "at least 0.5 and at most 2.5")],
)
def test_a_range_is_named_by_both_of_its_bounds(low, high, text):
    with pytest.raises(ValueError, match=rf"^x\[1\] is -7.0; expected a number of {text}$"):
        check.check_range(np.array([1.0, -7.0]), "x", low, high)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(
    ("numbers", "place"),
    [
        ([-1, 1, 1, -1], -1),
        ([0, 1, 0, 1], -1),
        ([1, 1, 1], -1),
        ([np.nan, -1, 1], -1),
        ([], -1),
        ([1, -1, 0, 1], 2),
        ([0, 0, -1], 2),
        ([1, 2, -1], 1),
        ([0.5], 0),
        ([1, -np.inf], 1),
    ],
)
def test_signs(isa, bits, numbers, place):
    array = np.array(numbers, f"f{bits // 8}")
    look = _kernels.kernels(bits).validation.outside_domain
    assert look(array, (None, None), check.DOMAINS["signs"], 1) == place
    far = np.concatenate([np.ones(200_000, array.dtype), array])
    assert look(far, (None, None), check.DOMAINS["signs"], 2) == (place + 200_000 if place >= 0 else -1)


@pytest.mark.parametrize("name", ["not negative", "unit"])
def test_limits_of_domains(isa, name):
    look, domain, all_count = _kernels.kernels(64).validation.outside_domain, check.DOMAINS[name], (None, None)
    below, above = np.nextafter(0, -1), np.nextafter(1, 2)
    assert look(np.array([0.0, -0.0, 1.0, np.nan]), all_count, domain, 1) == -1
    assert look(np.array([0.0, below]), all_count, domain, 1) == 1
    assert look(np.array([above]), all_count, domain, 1) == (0 if name == "unit" else -1)


def test_every_reduction_says_what_it_does():
    assert {rules.scale_of(check.REDUCTIONS[name], 4.0) for name in ("sum", "none")} == {1.0}
    assert rules.scale_of(check.REDUCTIONS["mean"], 4.0) == 0.25
    assert rules.scale_of(check.REDUCTIONS["mean"], 0.0) == 0.0
    assert rules.value_of(check.REDUCTIONS["mean"], 6.0, 4.0) == 1.5
    assert rules.value_of(check.REDUCTIONS["sum"], 6.0, 4.0) == 6.0
    assert np.isnan(rules.value_of(check.REDUCTIONS["mean"], 0.0, 0.0))


def test_labels_that_count_or_the_first_that_is_wrong():
    assert rules.labels(np.array([0, 2, -100, 1]), None, 3, -100) == 3
    assert rules.labels(np.array([0, 3, -1]), None, 3, -100) == -2
    assert rules.labels(np.array([], np.int64), None, 0, -100) == 0
    assert rules.labels(np.array([2**63 - 1]), None, 3, -100) == -1
    assert rules.labels(np.array([-(2**63)]), None, 3, -(2**63)) == 0
    assert rules.labels(np.array([0, 3, 7, -100]), np.array([1.0, 0.0, 0.0, 1.0]), 3, -100) == 3
    assert rules.labels(np.array([0, 3, 7, -100]), np.array([1.0, 0.0, 2.0, 1.0]), 3, -100) == -3
    assert rules.labels(np.array([0, -1, 1]), None, 3, None) == -2
    assert rules.labels(np.array([0, 2, 1]), None, 3, None) == 3


def test_weights_that_count():
    weight, where = np.arange(6.0).reshape(2, 3), np.array([[True, False, True], [False, True, True]])
    assert rules.sum_of_weights(weight, where) == 0 + 2 + 4 + 5
    assert rules.sum_of_weights(np.broadcast_to(weight[:1], (4, 3)), None) == 12
    assert rules.sum_of_weights(np.zeros((0, 3)), None) == 0
    with pytest.raises(ValueError, match="changed during the call"):
        rules.sum_of_weights(weight, where[:1])


def test_memory_that_overlaps():
    memory = np.zeros(40)
    a = memory[:20]
    assert rules.overlap(a, memory[19:])
    assert not rules.overlap(a, memory[20:])
    assert rules.overlap(memory[::-1], memory[39:])
    assert not rules.overlap(memory[10:10], memory)
    assert not rules.copies_out(a, a)
    assert not rules.copies_out(memory[20:], a)
    assert rules.copies_out(memory[1:21], a)
    assert rules.copies_out(a[::-1], a)
    assert rules.copies_out(np.frombuffer(bytearray(168), np.float64, 20, 8).view("u1")[3:].view("u1"), a) is False
    unaligned = np.frombuffer(bytearray(161), np.uint8)[1:161].view(np.float64)
    assert rules.copies_out(unaligned, a) is (not unaligned.flags.aligned)


def test_names_of_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    codes = {rules.code_of(np.empty(0, kind)) for kind in "bhilq"}
    assert len(codes) == 4  # `long` and `long long` are one
    assert rules.code_of(np.empty(0, ml_dtypes.bfloat16)) == rules.BFLOAT16
    for unknown in (ml_dtypes.float8_e4m3fn, object, complex, "U3", "M8[s]", np.longdouble):
        assert rules.code_of(np.empty(0, unknown)) == -1
