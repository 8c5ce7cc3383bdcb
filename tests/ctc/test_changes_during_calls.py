"""Arguments that change while a call runs, by a caller's own __index__ or __array__ or by another thread: the result is
right, or of no use, or there is an error; nothing outside of an array is touched.

In processes of their own, as a failure may be the end of one.
"""

import numpy as np
import pytest
from scripts import run_script

import fastloss as fl

PREAMBLE = """
    import threading

    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 4, 8)).astype(np.float32)
    targets = np.array([[1, 2, 3], [4, 4, 5], [6, 7, 1], [2, 1, 2]])
    lengths = np.array([50, 60, 40, 30])
    whole = x.copy()

    class Sets:
        "A number whose use changes something."
        def __init__(self, number, change):
            self.number, self.change = number, change
        def __index__(self):
            self.change()
            return self.number
        def __float__(self):
            return float(self.__index__())
        def __array__(self, dtype=None, copy=None):
            self.change()
            return np.array(self.number)

    def reshape():
        x.shape = (-1, 1, 1)

    def changed(call, *arguments, **options):
        try:
            call(*arguments, **options)
        except ValueError as error:
            assert "changed during the call" in str(error), error
        else:
            raise AssertionError("it was taken as it was")
"""


def test_scores_of_another_shape():
    run_script(
        PREAMBLE
        + """
    def each(call):
        "With a number of threads, a blank and weights that change the shape of the scores."
        numbers = {"num_threads": 1, "blank": 0, "input_lengths": lengths, "sample_weight": np.ones(4)}
        for name, number in numbers.items():
            x.shape = whole.shape
            try:
                found = call(x, {name: Sets(number, reshape)})
            except TypeError as error:
                assert "unexpected keyword" in str(error)
                continue
            given = {"input_lengths": lengths} if name == "input_lengths" else {}
            np.testing.assert_array_equal(found, call(whole, given), name)

    for loss in (fl.ctc_loss, fl.ctc_loss_with_logits):
        each(lambda x, more: loss(x, targets, reduction="none", **more))
        each(lambda x, more: loss.grad(x, targets, **more))
        each(lambda x, more: loss.grad(x.swapaxes(0, 1), targets, batch_first=True, **more).swapaxes(0, 1))
    each(lambda x, more: fl.ctc_posteriors(x, targets, **more))
    each(lambda x, more: fl.ctc_align(x, targets, **more).token_scores)
    for width in (1, 3):
        each(lambda x, more: [found.score for [found] in fl.ctc_decode(x, beam_width=width, **more)])
        each(lambda x, more: [found.score for [found] in fl.ctc_decode(x, beam_width=Sets(width, reshape), **more)])
    x, whole, lengths = x[:, 0].copy(), whole[:, 0], 50
    each(lambda x, more: fl.ctc_posteriors(x, targets[0], **more))
    each(lambda x, more: fl.ctc_score(x, targets, **more))
    """
    )


def test_results_of_another_shape():
    """The caller's own array for the gradient is looked at last by the kernel."""
    run_script(
        PREAMBLE
        + """
    for shape in ((60, 8, 4), (4, 60, 8), (60 * 4, 8), (1, 1, 60 * 4 * 8)):
        for batch_first in (False, True):
            scores = x.swapaxes(0, 1) if batch_first else x
            out = np.empty(scores.shape, np.float32)
            def reshape():
                out.shape = shape
            if shape != out.shape:
                changed(fl.ctc_loss.grad, scores, targets, out=out, batch_first=batch_first,
                        num_threads=Sets(1, reshape))
    single, out = x[:, 0], np.empty((60, 8), np.float32)
    def reshape():
        out.shape = (480,)
    changed(fl.ctc_loss.grad, single, targets[0], out=out, num_threads=Sets(1, reshape))
    for dtype in ("u1", "i4", "S4", "V4", "f8"):
        out = np.empty((60, 4, 8), np.float32)
        def retype():
            out.dtype = dtype
        changed(fl.ctc_loss.grad, x, targets, out=out, num_threads=Sets(1, retype))
    """
    )


def test_targets_of_another_shape():
    run_script(
        PREAMBLE
        + """
    expected, room = fl.ctc_loss(x, targets, reduction="none"), [3] * 4
    for labels in (targets, [np.array(row) for row in targets]):
        def reshape():
            for array in labels if isinstance(labels, list) else [labels]:
                array.shape = (-1, 1) if array.ndim == 1 else (12,)
        found = fl.ctc_loss(x, labels, target_lengths=Sets(room, reshape), reduction="none")
        np.testing.assert_array_equal(found, expected)
    flat = np.arange(1, 7)
    def shorter():
        flat.dtype = np.int32
    fl.ctc_loss(x, flat, None, Sets([2, 1, 2, 1], shorter))
    """
    )


def test_lists_that_grow_and_shrink():
    run_script(
        PREAMBLE
        + """
    for change in (lambda: rows.pop(), lambda: rows.append([1]), lambda: rows.clear()):
        for call in (fl.ctc_loss, fl.ctc_align, fl.ctc_posteriors, lambda x, rows: fl.ctc_score(x[:, 0], rows)):
            for place in (0, 2):
                rows = [[1], [2], [3], [4]]
                rows[place] = Sets([1], change)
                try:
                    call(x, rows)
                except (ValueError, TypeError, IndexError) as error:
                    assert "targets" in str(error) or "candidates" in str(error) or "index" in str(error), error
    """
    )


def test_lengths_of_an_array_with_its_own_copy():
    """What is checked is what is used, whatever the methods of a subclass say."""
    run_script(
        PREAMBLE
        + """
    class Liar(np.ndarray):
        def astype(self, *ignored, **options):
            return np.full(self.shape, 1 << 40)

    def lying(array):
        return np.asarray(array).view(Liar)

    for call in (lambda *a: fl.ctc_loss(*a, reduction="none"), fl.ctc_posteriors, lambda *a: fl.ctc_align(*a).score):
        expected = call(x, targets, lengths, [3, 2, 3, 1])
        np.testing.assert_array_equal(call(x, targets, lying(lengths), lying([3, 2, 3, 1])), expected)
        np.testing.assert_array_equal(call(lying(x), lying(targets), lengths, [3, 2, 3, 1]), expected)
    """
    )


def test_lengths_and_labels_that_another_thread_writes():
    run_script(
        PREAMBLE
        + """
    going, room, candidates = True, np.full(4, 3), [np.array(row) for row in targets]
    state, hypotheses = fl.ctc_prefix_score(x[:, 0]).extend(0, [1, 2]), np.zeros(5000, int)
    following = np.ones(5000, int)

    def write():
        while going:
            for array, legal, illegal in ((lengths, 9, 1 << 40), (room, 3, 1 << 40), (targets, 1, 1 << 40),
                                          (hypotheses, 0, 1 << 40), (following, 1, -(1 << 40))):
                array[...] = illegal
                array[...] = legal
            for row in candidates:
                row[...] = 1 << 40
                row[...] = 1

    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=write)
    thread.start()
    calls = (
        lambda: fl.ctc_loss.grad(x, targets, lengths, room),
        lambda: fl.ctc_align(x, targets, lengths, room),
        lambda: fl.ctc_posteriors(x, targets, lengths, room),
        lambda: fl.ctc_loss(x, targets.reshape(-1), lengths, room),
        lambda: fl.ctc_loss(x, candidates, lengths, room),
        lambda: fl.ctc_score(x[:, 0], candidates),
        lambda: state.extend(hypotheses, following),
        lambda: state.select(hypotheses),
        lambda: fl.ctc_decode(x, lengths, beam_width=4),
    )
    try:
        for number in range(2400):
            try:
                calls[number % len(calls)]()
            except ValueError:
                pass
    finally:
        going = False
        thread.join()
    """
    )


def test_what_a_state_shows_can_not_be_replaced():
    state = fl.ctc_prefix_score(np.log(np.full((5, 3), 1 / 3))).extend(0, [1, 2])
    for name in ("scores", "complete", "labels"):
        with pytest.raises(AttributeError):
            setattr(state, name, np.zeros(2))
        array = getattr(state, name)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True


def test_what_a_state_shows_is_not_what_the_kernel_reads():
    """However hard a caller tries: by the array behind the view."""
    run_script(
        PREAMBLE
        + """
    start = fl.ctc_prefix_score(x[:, 0])
    states = [start.extend(0, [1, 2]) for _ in range(2)]
    for name in ("scores", "complete", "labels"):
        shown = getattr(states[1], name)
        shown.shape = (2, 1)
        shown.base.flags.writeable = True
        shown.base[...] = 1 << 40
        shown.base.shape = (1, 2)
    assert len(states[1]) == 2
    found = [state.extend([0, 1], [1, 1]) for state in states]
    for name in ("scores", "complete", "labels"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))
    try:
        states[1].labels = np.full(2, 1 << 40)
    except AttributeError:
        pass
    states[1].extend([0, 1], [1, 1])
    """
    )


def test_a_workspace_too_large_to_be_counted():
    """Of arrays that take no memory. The bytes of 2^56 frames, counted in 64 bits, come out as few."""
    run_script("""
        scores = np.broadcast_to(np.zeros(2), (2**56, 1, 2))
        out = np.lib.stride_tricks.as_strided(np.zeros(2), scores.shape, (0, 0, 8))
        for arguments in ((scores, [[1]]), (scores, [[1, 1, 1, 1]])):
            try:
                fl.ctc_loss.grad(*arguments, out=out, num_threads=1)
            except MemoryError:
                continue
            raise AssertionError("no MemoryError")
    """)
