"""Negative log-likelihood of labels: one entry a row. Included after row.pxi."""

cdef enum:
    NLL_ROWS = 16384    # of a chunk: each reads one cache line, and little is computed from it
    NLL_GROUP = 256     # rows that are read before their gradient is written, which may be in the same place
    NLL_NUMBERS = 4096  # of a group: they stay in the first-level cache between 0 and their labels' entries


cdef void clear_grad_rows(const array_view* grad, Py_ssize_t row, Py_ssize_t count, Py_ssize_t n,
                          real* buffer) noexcept nogil:
    """`count` rows of the gradient become 0."""
    cdef uint16_t* halves = NULL if grad.direct else <uint16_t*> halves_of(grad, row * n, count * n)
    cdef Py_ssize_t r
    if halves != NULL:
        memset(halves, 0, count * n * sizeof(uint16_t))
    elif grad.direct:
        memset(block_destination(grad, row * n, NULL), 0, count * n * sizeof(real))
    else:
        fill(buffer, n, 0)
        for r in range(count):
            store_block(grad, (row + r) * n, n, buffer)


cdef void store_nll_grad(const NllJob* job, Py_ssize_t row, Py_ssize_t count, const int64_t* found,
                         real* buffer) noexcept nogil:
    """-weight * scale at the label of each row of a group, and 0 elsewhere."""
    cdef Py_ssize_t r, n = job.classes
    cdef double weight = 1
    clear_grad_rows(&job.out.grad, row, count, n, buffer)
    for r in range(count):
        if found[r] >= 0:
            if job.weights != NULL:
                weight = job.weights[row + r]
            store_element(&job.out.grad, (row + r) * n + found[r], <real> (-job.out.scale * weight))


cdef public exact_sum chunk_of_nll_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """The sum of -weight * x[row, label]."""
    cdef NllJob* job = <NllJob*> data
    cdef Py_ssize_t n = job.classes, row, start = chunk * NLL_ROWS, stop = min(start + NLL_ROWS, job.rows)
    cdef Py_ssize_t group = max(1, min(<Py_ssize_t> NLL_GROUP, NLL_NUMBERS // n))
    cdef int64_t label, ignore_index = job.ignore_index
    cdef int64_t found[NLL_GROUP]
    cdef const int64_t* labels = job.labels
    cdef const double* weights = job.weights
    cdef real* values = <real*> job.out.values.data
    cdef real loss
    cdef exact_sum total = NO_SUM
    while start < stop:
        group = min(group, stop - start)
        for row in range(start, start + group):
            loss = 0
            label = label_or_none(labels + row, ignore_index, n)
            if label >= 0:
                loss = -load_element(&job.log_probs, row * n + label)
                if weights != NULL:
                    loss = r_term(r_weight(weights[row]), loss)
                    label = label if weights[row] != 0 else -1    # a weight of 0 removes a row
            found[row - start] = label
            total = exact_plus(total, loss)
            if values != NULL:
                values[row] = loss
        if job.out.grad.data != NULL:
            store_nll_grad(job, start, group, found, scratch)
        start += group
    return total


cdef public void plan_nll_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef NllJob* job = <NllJob*> data
    plan.chunks = (job.rows - 1) // NLL_ROWS + 1
    plan.scratch = job.classes * sizeof(real)
