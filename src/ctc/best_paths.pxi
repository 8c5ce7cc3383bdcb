"""What an alignment gives. Included by calls.pyx, which explains the names."""


cdef cnp.ndarray filled(Emissions emissions, Py_ssize_t width, int type_number):
    """(N, width), or (width,) of a single sequence: -1, or NaN for floats."""
    cdef cnp.npy_intp shape[2]
    cdef cnp.ndarray array
    cdef Py_ssize_t i
    shape[0], shape[1] = emissions.rows.batch, width
    array = cnp.PyArray_EMPTY(1 if emissions.single else 2, shape + emissions.single, type_number, 0)
    for i in range(cnp.PyArray_SIZE(array)):
        if type_number == cnp.NPY_INT64:
            (<int64_t*> cnp.PyArray_DATA(array))[i] = -1
        else:
            (<double*> cnp.PyArray_DATA(array))[i] = NAN
    return array


def aligned(CheckedBatch batch, tuple star, progress, num_threads):
    """Path, score, starts, ends and token scores, as the attributes of a CTCAlignment are, and what its words are made
    of. `star` is a label that matches anything (or -1) and its score. The kernel leaves alone what lies beyond a
    sequence's frames and labels."""
    cdef Emissions emissions = batch.emissions
    cdef Py_ssize_t longest = longest_target(batch), n
    cdef cnp.npy_intp count = emissions.rows.batch
    cdef cnp.ndarray score = cnp.PyArray_ZEROS(1, &count, cnp.NPY_FLOAT64, 0)
    cdef double* number = <double*> cnp.PyArray_DATA(score)
    cdef tuple found = (
        filled(emissions, emissions.rows.frames, cnp.NPY_INT64), score, filled(emissions, longest, cnp.NPY_INT64),
        filled(emissions, longest, cnp.NPY_INT64), filled(emissions, longest, cnp.NPY_FLOAT64))
    cdef int threads
    with progress_of(progress):
        if count:
            threads = threads_for(num_threads, all_cells(batch))
            module("_kernels").kernels(64).viterbi.align(batch, order_of_work(batch, threads), star, found, threads)
    settle_scores(batch, number, star[0])
    for n in range(count):
        if number[n] > 0:
            module("ctc._unexpected").warn_of_batch(
                "ctc_align", batch, score, "score, token_scores and confidence are wrong")
            break
    targets = (*batch.all_labels(), star[0])
    return (found[0], score[0], *found[2:], targets) if emissions.single else (*found, targets)


cdef int settle_scores(CheckedBatch batch, double* score, star) except -1:
    """What becomes of targets without a path."""
    cdef Py_ssize_t n
    for n in range(batch.targets.count):
        if score[n] != score[n] and batch.infeasible == "raise":
            module("ctc._unexpected").raise_nan(batch, n, False, star)
        if score[n] == -INF and batch.infeasible == "raise":
            raise ValueError(f"{batch.frames_missing(n)}; every path of it has probability 0")
        if score[n] == -INF and batch.infeasible == "zero":
            score[n] = 0
    return 0
