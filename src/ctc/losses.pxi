"""Losses, gradient and posteriors of a batch: which float type computes them, and what the verbs give. Included by
calls.pyx, which explains the names."""

cdef extern from "numpy/arrayobject.h":
    object PyArray_NewLikeArray(cnp.ndarray, cnp.NPY_ORDER, cnp.PyArray_Descr*, int)    # takes a reference

cdef enum:
    # Emissions that have no exponents of their own take at most so many steps of the exponent a frame. Where they are
    # compared with a range in nats, that is on the safe side: a step is 0.69 nats.
    PLAIN_FRAME = 127

# How far below 1, in nats, the product of a sequence's emissions may be for the float32 kernel's exponents: this module
# is compiled for float32. Emissions of T frames have exponents enough if the lowest, times T + 1, is within it.
cdef double FLOAT32_RANGE = -<double> X_LIMIT * X_NATS


# Of the work of a value followed by one of value and gradient: BACKWARD_WORK in trellis.pxi.
cdef double VALUE_SHARE = 0.25


# ---- which float type ----

cdef int bits_for(Emissions emissions) noexcept:
    """The kernel's float type: that of the scores' dtype, or float64 where there are too many frames for float32."""
    if (<double> emissions.rows.frames + 1) * PLAIN_FRAME > FLOAT32_RANGE:
        return 64
    return emissions.bits


cdef bint would_overwrite_scores(Emissions emissions, cnp.ndarray grad) except -1:
    """Whether the gradient is written over scores that may need float64's exponents: when the kernel finds that they
    do, they can't be read again."""
    cdef double spread = 0
    if not may_overlap(grad, emissions.array):
        return False
    low, high = module("_pieces").extremes(emissions.array)
    spread = high - low
    return not spread * (emissions.rows.frames + 1) < FLOAT32_RANGE  # True for NaN


cdef object kernel_of(int bits):
    """The module of the loss and of scores."""
    return module("_kernels").kernels(bits).ctc


cdef Call new_call(CheckedBatch batch, bint from_logits, scales):
    cdef cnp.npy_intp count = batch.targets.count
    cdef Call call = Call.__new__(Call)
    call.batch = batch
    call.from_logits = from_logits
    call.scales = scales
    call.losses = cnp.PyArray_ZEROS(1, &count, cnp.NPY_FLOAT64, 0)
    call.saturated = cnp.PyArray_ZEROS(1, &count, cnp.NPY_UINT8, 0)
    return call


cdef bint run_call(Call call, int bits, cnp.ndarray order, int threads) except -1:
    """Whether a sequence of those in `order` needs the exponents of float64."""
    if cnp.PyArray_SIZE(order):
        kernel_of(bits).ctc(call, order, threads)
    return bits == 32 and has_any(call.saturated)


cdef bint has_any(cnp.ndarray flags) noexcept:
    cdef const char* flag = cnp.PyArray_BYTES(flags)
    cdef Py_ssize_t n
    for n in range(cnp.PyArray_SIZE(flags)):
        if flag[n]:
            return True
    return False


cdef cnp.ndarray losses_of(CheckedBatch batch, bint from_logits, scales, cnp.ndarray grad, int threads):
    """One loss a sequence; the gradient too, unless it is None."""
    cdef Call call = new_call(batch, from_logits, scales)
    cdef int bits = bits_for(batch.emissions)
    if grad is not None:
        set_rows_like(&call.grad, grad, batch.emissions)
        if bits == 32 and would_overwrite_scores(batch.emissions, grad):
            bits = 64
    if run_call(call, bits, order_of_work(batch, threads), threads):
        run_call(call, 64, np.flatnonzero(call.saturated).astype(np.int64, copy=False), threads)
    return call.losses


def posteriors_of(CheckedBatch batch, progress, num_threads):
    """(T, N, 2S+1) of the longest target's S, in float32 or float64; NaN for a sequence whose loss is NaN."""
    cdef Emissions emissions = batch.emissions
    cdef int bits = bits_for(emissions), threads = threads_for(num_threads, work_of(batch))
    cdef tuple shape = (emissions.rows.frames, emissions.rows.batch, 2 * longest_target(batch) + 1)
    cdef Call call = new_call(batch, False, None)
    cdef Py_ssize_t n
    call.posterior = np.zeros(shape, np.float32 if bits == 32 else np.float64)
    with progress_of(progress):
        if run_call(call, bits, order_of_work(batch, threads), threads):  # finite masks such as -1e9
            call.posterior = np.zeros(shape)
            run_call(call, 64, order_of_work(batch, threads), threads)
    forbid_unexpected(batch, call.losses, False)
    for n in range(emissions.rows.batch):
        if loss_at(call.losses, n) < 0:
            module("ctc._unexpected").warn_of_batch("ctc_posteriors", batch, -call.losses)
            break
    for n in range(emissions.rows.batch):
        if loss_at(call.losses, n) != loss_at(call.losses, n):
            call.posterior[: batch.input_lengths[n], n, : 2 * batch.targets.lengths[n] + 1] = NAN
    if emissions.bits == 32 and cnp.PyArray_TYPE(call.posterior) == cnp.NPY_FLOAT64:
        return module("_pieces").converted(call.posterior, np.float32)
    return call.posterior


cdef inline double loss_at(cnp.ndarray losses, Py_ssize_t n) noexcept:
    return (<double*> cnp.PyArray_DATA(losses))[n]


cdef double work_of(CheckedBatch batch) noexcept:
    """In elements of a softmax, of which a cell of the recursion costs about four, forward and backward."""
    return <double> cnp.PyArray_SIZE(batch.emissions.array) + 4 * all_cells(batch)


cdef int forbid_unexpected(CheckedBatch batch, cnp.ndarray losses, bint from_logits) except -1:
    """For infeasible="raise", where frames are enough, but a score is NaN, or the scores allow no path."""
    cdef Py_ssize_t n
    if batch.infeasible == "raise":
        for n in range(batch.targets.count):
            if loss_at(losses, n) != loss_at(losses, n):
                module("ctc._unexpected").raise_nan(batch, n, from_logits)
            if loss_at(losses, n) == INF:
                raise ValueError(f"sample {n}: every path of its target has probability 0; it needs "
                                 f"{batch.targets.frames_needed[n]} frames, there are {batch.input_lengths[n]}")
    return 0


# ---- the verbs of a loss ----

def evaluation(str name, scores, targets, tuple lengths, tuple options, tuple reduction):
    """A CTCEvaluation: what a loss's own arguments say. `options` are blank, batch_first, infeasible and progress;
    `reduction` is its name, sample_weight and where."""
    cdef CTCEvaluation made = CTCEvaluation.__new__(CTCEvaluation)
    cdef Emissions emissions = Emissions(scores, name, options[1])
    cdef Py_ssize_t blank
    cdef object weights = set_reduction(made, reduction, emissions.rows.batch)
    infeasible = as_infeasible(options[2])
    blank = as_blank(options[0], emissions.rows.classes)
    unused = None if weights is None else weights == 0
    made.batch = batch_of(emissions, targets, lengths, blank, infeasible, -1, unused)
    made.batch.forbid_infeasible()
    made.from_logits = name == "logits"
    made.progress = options[3]
    made.weights = sequence_weights(made, weights)
    set_scales(made)
    return made


cdef object set_reduction(CTCEvaluation made, tuple arguments, Py_ssize_t sequences):
    """What the reduction does; returns the weights, one a sequence in double, or None."""
    cdef dict codes = check().WITH_BATCHMEAN
    cdef object weights = None
    name, weight, where = arguments
    code = codes.get(name) if weight is None and where is None and type(name) is str else None
    if code is None:
        reduction = module("_reduction").Reduction(name, weight, where).over((sequences,), codes)
        code, weights, made.denominators = reduction.code, reduction.row_weights(), reduction.denominator()
    else:
        made.denominators = (sequences if code & DIVIDES else 1, 0.0)   # every mean counts all of them
    made.reduction = code
    made.by_labels = name == "mean" or name == "weighted_mean"
    return weights


cdef class CTCEvaluation:
    """The losses of a batch, to be computed and summed: what fastloss/_loss.py calls an Evaluation. Each sequence has a
    weight of its own, which includes what a mean divides it by before it divides the sum; and sequences have a loss
    even where there is no frame."""
    cdef CheckedBatch batch
    cdef object progress
    cdef cnp.ndarray weights    # of each sequence's loss; None where all are 1
    cdef cnp.ndarray scales     # of its gradient: over what a mean divides the sum by; None where all are 1
    cdef bint from_logits
    cdef int reduction          # what it does: arguments.pxd
    cdef bint by_labels         # whether each loss is divided by the length of its target first
    cdef readonly tuple denominators    # what a mean divides the sum by: two doubles
    cdef readonly tuple total   # the sum of the losses, once it was wanted: two doubles

    @property
    def rule(self):
        """From the sum to the value: fastloss/_reduction.py."""
        return module("_reduction").ValueRule(self.reduction, 1.0)

    def be_part_of(self, whole):
        """Of a call that has this sum: fastloss/_partial.py."""
        self.denominators = whole.denominator
        set_scales(self)

    def evaluate(self, bint want_value, int derivatives, out, num_threads):
        """Value (None where not wanted) and a list of so many derivatives."""
        cdef cnp.ndarray losses, grad = gradient_array(self.batch.emissions, out) if derivatives else None
        cdef int threads = threads_for(num_threads, work_of(self.batch))
        cdef bint is_value_first = derivatives and self.batch.infeasible == "raise"
        if self.progress is None:   # which costs a small call nothing
            losses = weighted_losses(self, grad, threads)
        else:
            with progress_of(self.progress, VALUE_SHARE if is_value_first else 1):
                losses = weighted_losses(self, grad, threads)
        if out is not None and grad is not out:
            module("_pieces").copy_to(out, grad)
        value = value_of(self, losses) if want_value else None
        return value, [grad if out is None else out] if derivatives else []


cdef cnp.ndarray sequence_weights(CTCEvaluation made, weights):
    """The weight of each sequence, over the length of its target where a mean is by labels."""
    cdef cnp.npy_intp count = made.batch.targets.count
    cdef const int64_t* labels = made.batch.targets.lengths
    cdef const double* weight = <const double*> data_of(weights)
    cdef cnp.ndarray array
    cdef double* found
    cdef Py_ssize_t n
    if not made.by_labels:
        return weights
    array = cnp.PyArray_EMPTY(1, &count, cnp.NPY_FLOAT64, 0)
    found = <double*> cnp.PyArray_DATA(array)
    for n in range(count):
        found[n] = (1 if weight == NULL else weight[n]) / max(labels[n], <int64_t> 1)
    return array


cdef int set_scales(CTCEvaluation made) except -1:
    """The weights, over what a mean divides by."""
    cdef cnp.npy_intp count = made.batch.targets.count
    cdef double denominator = made.denominators[0]
    cdef const double* weight = <const double*> data_of(made.weights)
    cdef double* scale
    cdef Py_ssize_t n
    made.scales = made.weights
    if made.reduction & DIVIDES:
        made.scales = cnp.PyArray_EMPTY(1, &count, cnp.NPY_FLOAT64, 0)
        scale = <double*> cnp.PyArray_DATA(made.scales)
        for n in range(count):
            scale[n] = (1 if weight == NULL else weight[n]) / denominator if denominator else 0
    return 0


cdef cnp.ndarray gradient_array(Emissions emissions, out):
    """What the kernel writes the gradient to: `out`, or another array where that is not given or not possible."""
    cdef cnp.ndarray x = emissions.array
    cdef cnp.dtype dtype = check().gradient_dtype(x, emissions.rows.dtype)
    if out is None:
        Py_INCREF(dtype)
        return PyArray_NewLikeArray(x, cnp.NPY_KEEPORDER, <cnp.PyArray_Descr*> dtype, 0)
    if out_state(out, cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), <cnp.PyArray_Descr*> dtype) != OUT_FITS:
        check().check_out(out, shape_of(x), dtype)
    return np.empty_like(out, subok=False) if must_be_copied(out, x) else out


cdef cnp.ndarray weighted_losses(CTCEvaluation given, cnp.ndarray grad, int threads):
    """Writes the gradient too, if there is an array for it."""
    cdef CheckedBatch batch = given.batch
    cdef cnp.ndarray losses
    cdef double* loss
    cdef double weight
    cdef Py_ssize_t n
    if grad is None or batch.infeasible == "raise":  # a ValueError comes before the gradient is written
        losses = losses_of(batch, given.from_logits, given.scales, None, threads)
        forbid_unexpected(batch, losses, given.from_logits)
    if grad is not None:
        losses = losses_of(batch, given.from_logits, given.scales, grad, threads)
    loss = <double*> cnp.PyArray_DATA(losses)
    for n in range(batch.targets.count):
        if loss[n] == INF and batch.infeasible == "zero":
            loss[n] = 0
        if given.weights is not None:
            weight = (<double*> cnp.PyArray_DATA(given.weights))[n]
            loss[n] = loss[n] * weight if weight else 0     # 0 times infinity is 0
    return losses


cdef object value_of(CTCEvaluation given, cnp.ndarray losses):
    cdef exact_sum total
    if given.reduction & KEEPS_EACH:
        values = losses.astype(np.float32 if given.batch.emissions.bits == 32 else np.float64, copy=False)
        return values.reshape(()) if given.batch.emissions.single else values
    total = exact_rounded(sum_of_doubles(<const double*> cnp.PyArray_DATA(losses), cnp.PyArray_SIZE(losses)))
    given.total = total.high, total.low
    return reduced_value(given.reduction, total.high, given.denominators[0])
