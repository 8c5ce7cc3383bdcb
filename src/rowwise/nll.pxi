"""Negative log-likelihood of labels: one entry a row. Included after row.pxi."""

cdef enum:
    NLL_ROWS = 16384    # of a chunk: each reads one cache line, and little is computed from it


cdef inline real number_at(const array_view* a, Py_ssize_t i) noexcept nogil:
    """One number, where the general way takes longer than to read it."""
    cdef real number
    if not a.direct and a.dimensions == 1:
        return load_number(a.data + i * a.stride[0], a.dtype)
    return read_block(a, i, 1, &number)[0]


cdef public exact_sum chunk_of_nll_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """The sum of -weight * x[row, label]; the gradient is -weight * scale there and 0 elsewhere."""
    cdef NllJob* job = <NllJob*> data
    cdef Py_ssize_t n = job.classes, row, stop = min((chunk + 1) * NLL_ROWS, job.rows)
    cdef int64_t label, ignore_index = job.ignore_index
    cdef const int64_t* labels = job.labels
    cdef const double* weights = job.weights
    cdef real* values = <real*> job.out.values.data
    cdef bint want_grad = job.out.grad.data != NULL
    cdef real loss
    cdef exact_sum total = NO_SUM
    for row in range(chunk * NLL_ROWS, stop):
        loss = 0
        label = label_or_none(labels + row, ignore_index, n)
        if label >= 0:
            loss = -number_at(&job.log_probs, row * n + label)
            if weights != NULL:
                loss = r_term(r_weight(weights[row]), loss)
                label = label if weights[row] != 0 else -1    # a weight of 0 removes a row
        total = exact_plus(total, loss)
        if values != NULL:
            values[row] = loss
        if want_grad:
            store_nll_grad(job, row, label, scratch)
    return total


cdef inline void store_nll_grad(const NllJob* job, Py_ssize_t row, int64_t label, real* buffer) noexcept nogil:
    cdef Py_ssize_t n = job.classes
    cdef real* grad = block_destination(&job.out.grad, row * n, buffer)
    cdef real of_label
    cdef uint16_t* halves = NULL if job.out.grad.direct else <uint16_t*> halves_of(&job.out.grad, row * n, n)
    if halves != NULL:
        memset(halves, 0, n * sizeof(uint16_t))
    else:
        fill(grad, n, 0)
        store_block(&job.out.grad, row * n, n, grad)
    if label >= 0:
        of_label = <real> (-job.out.scale * (1 if job.weights == NULL else job.weights[row]))
        store_number(&job.out.grad, row * n + label, of_label)


cdef public void plan_nll_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef NllJob* job = <NllJob*> data
    plan.chunks = (job.rows - 1) // NLL_ROWS + 1
    plan.scratch = job.classes * sizeof(real)
