"""What decoding gives. Included by calls.pyx, which explains the names."""

# Numbers of a softmax that take as long as a hypothesis in a frame: for the number of threads.
cdef double HYPOTHESIS_ELEMENTS = 64


def decoded(Emissions emissions, input_lengths, Py_ssize_t blank, tuple beam, double floor, progress, num_threads):
    """For each sequence a list of hypotheses: labels, score and frames, as the attributes of a CTCHypothesis are.
    `beam` is how many prefixes are kept and how many hypotheses are wanted at most, `floor` where scores count as
    impossible, relative to the largest of their frame."""
    cdef CheckedBatch batch = batch_without_targets(emissions, input_lengths, blank)
    cdef cnp.npy_intp count = emissions.rows.batch
    cdef cnp.ndarray scores = cnp.PyArray_ZEROS(1, &count, cnp.NPY_FLOAT64, 0)
    cdef double work = emissions.rows.classes
    cdef list found = []
    cdef Py_ssize_t n
    cdef int threads
    if beam[0] > 1:
        work += HYPOTHESIS_ELEMENTS * min(beam[0], 1_000_000)
    with progress_of(progress):
        if count:
            threads = threads_for(num_threads, work * all_cells(batch))
            found = module("_kernels").kernels(64).decode.decode(
                batch, order_of_work(batch, threads), beam, floor, threads)
    for n in range(count):
        if found[n] is None:
            module("ctc._unexpected").raise_nan(batch, n, True)
        (<double*> cnp.PyArray_DATA(scores))[n] = found[n][0][1]
    for n in range(count):
        if loss_at(scores, n) > 0:
            module("ctc._unexpected").warn_of_batch("ctc_decode", batch, scores, "score is wrong")
            break
    return found
