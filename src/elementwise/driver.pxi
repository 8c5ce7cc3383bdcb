"""Losses that are a sum over elements: blocks of them through one loop, with weights, sums and results.

    block   elements whose numbers, results included, stay in the first-level cache
    chunk   elements worth handing to a thread; their sum is one partial sum, of two doubles
    group   elements whose losses make one result: 1, or a row's classes, or 0 where only the total is wanted

Included by elementwise.pyx.
"""

cdef extern from "elementwise/loop.h" nogil:
    enum:
        WANT_VALUE
        WANT_GRAD
        WANT_HESS
        ELEMENT_BLOCK
    const elementwise_loss* find_elementwise_loss(const char*)
    exact_sum sum_elements(const real*, const real*, double*, Py_ssize_t)

cdef enum:
    CHUNK = 16384       # elements: tens of microseconds, against which handing out a chunk is nothing
    POLLED = 1 << 20    # elements of a longer chunk, one of a long group, between two questions whether to stop

ctypedef struct GroupSum:   # of the group at hand, which may span blocks
    exact_sum total


cdef void weigh(real_p derivative, real_cp weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        derivative[i] = r_term(weight[i], derivative[i])


cdef double nan_among(real_cp x, Py_ssize_t n) noexcept nogil:
    """NaN where one of these probabilities is; else 0."""
    cdef real lane[LANES]
    cdef Py_ssize_t i, j, whole = n - n % (4 * LANES)
    cdef double total = 0
    for i in range(LANES):
        lane[i] = 0
    for j from 0 <= j < whole by 4 * LANES:
        for i from 0 <= i < 4 * LANES by LANES:
            lanes_add(x + j + i, lane)
    for j in range(whole, n):
        total += x[j]
    return 0 * (total + lanes_total(lane))


cdef void weigh_values(double* value, real_cp weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        value[i] = r_term_double(weight[i], value[i])


cdef void round_values(const double* value, real_p out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real> value[i]


cdef void copy_block(real_p target, real_cp source, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = source[i]


cdef void store_values(ElementJob* job, const double* value, Py_ssize_t start, Py_ssize_t n,
                       GroupSum* group) noexcept nogil:
    """A block's losses, each by itself or summed over its group."""
    cdef real single[ELEMENT_BLOCK]
    cdef real* destination
    cdef real of_group
    cdef Py_ssize_t done = 0, part
    if job.group == 1:
        destination = block_destination(&job.out.values, start, single)
        round_values(value, destination, n)
        store_block(&job.out.values, start, n, destination)
        return
    while done < n:
        part = min(n - done, job.group - (start + done) % job.group)
        group.total = exact_join(group.total, sum_of_doubles(value + done, part))
        done += part
        if (start + done) % job.group == 0:
            of_group = <real> exact_rounded(group.total).high
            destination = block_destination(&job.out.values, (start + done) // job.group - 1, single)
            destination[0] = of_group
            store_block(&job.out.values, (start + done) // job.group - 1, 1, destination)
            group.total = NO_SUM


cdef void add_to_row(ElementJob* job, const double* value, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    """Adds a block's losses to the values of its chunk, which no other chunk writes; it lies within one row of them."""
    cdef double* row = <double*> job.out.values.data + start // job.chunk_size * job.width + start % job.width
    cdef Py_ssize_t i
    for i in range(n):
        row[i] += value[i]


cdef bint is_in_place(const ElementJob* job) noexcept nogil:
    """Whether a derivative is written over the predictions, which loops take not to overlap their results."""
    return job.x.data == job.out.grad.data or job.x.data == job.out.hess.data


ctypedef struct ElementBuffers:     # for blocks that can't be read or written in place
    real x[ELEMENT_BLOCK]
    real y[ELEMENT_BLOCK]
    real z[ELEMENT_BLOCK]
    real weight[ELEMENT_BLOCK]
    real where[ELEMENT_BLOCK]
    real grad[ELEMENT_BLOCK + FL_HELD]
    real hess[ELEMENT_BLOCK + FL_HELD]
    double value[ELEMENT_BLOCK]


ctypedef struct LegalNumbers:       # those of a job, in this type
    legal_numbers x
    legal_numbers y


cdef const real* read_elements(ElementJob* job, const LegalNumbers* legal, ElementBuffers* buffers, element_block* b,
                               Py_ssize_t start) noexcept nogil:
    """The numbers of a block; records whether they are legal. Its weights, or NULL."""
    cdef const real* weight = read_weights(&job.weight, &job.where, start, b.n, buffers.weight, buffers.where)
    b.x = read_block(&job.x, start, b.n, buffers.x)
    if b.x != buffers.x and is_in_place(job):
        copy_block(buffers.x, b.x, b.n)
        b.x = buffers.x
    b.y = b.x if job.y.data == NULL else read_block(&job.y, start, b.n, buffers.y)
    b.z = b.y if job.z.data == NULL else read_block(&job.z, start, b.n, buffers.z)
    look_at(b.x, weight, b.n, legal.x, &job.x_found)
    look_at(b.y, weight, b.n, legal.y, &job.y_found)
    return weight


cdef inline exact_sum weighed_sum(ElementJob* job, element_block* b, const real* weight, Py_ssize_t start,
                                  GroupSum* group) noexcept nogil:
    """The sum of a block's losses, if the total is wanted. They are stored where they are wanted."""
    if weight != NULL:
        weigh_values(b.each, weight, b.n)
    if job.width > 0:
        add_to_row(job, b.each, start, b.n)
        return NO_SUM
    if job.group > 0:
        store_values(job, b.each, start, b.n, group)
    return sum_of_doubles(b.each, b.n) if job.has_total else NO_SUM


cdef public exact_sum chunk_of_elements(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Blocks of a chunk: read, compute, weigh, sum, store."""
    cdef ElementJob* job = <ElementJob*> data
    cdef ElementBuffers buffers
    cdef block_writer grad_writer = writer_to(&job.out.grad, buffers.grad, job.streamed)
    cdef block_writer hess_writer = writer_to(&job.out.hess, buffers.hess, job.streamed)
    cdef const real* weight
    cdef element_block b
    cdef GroupSum group
    cdef LegalNumbers legal
    cdef exact_sum total = NO_SUM
    cdef double bias = 0
    cdef Py_ssize_t start = chunk * job.chunk_size, stop = start + min(job.chunk_size, job.size - start), pause
    group.total = NO_SUM
    legal.x = legal_in(job.x_legal)
    legal.y = legal_in(job.y_legal)
    b.each = buffers.value if job.weight.data != NULL or job.group > 0 or job.width > 0 else NULL
    b.grad = buffers.grad
    b.hess = buffers.hess
    b.want = job.want
    b.options.number[0] = job.options[0]
    b.options.number[1] = job.options[1]
    b.scale = <real> job.out.scale
    b.bias = &bias
    while start < stop:
        pause = min(stop, start + POLLED)
        while start < pause:
            b.n = min(stop - start, <Py_ssize_t> ELEMENT_BLOCK)
            if job.width > 0:
                b.n = min(b.n, job.width - start % job.width)
            weight = read_elements(job, &legal, &buffers, &b, start)
            if job.want & WANT_GRAD:
                b.grad = writer_block(&grad_writer, start)
            if job.want & WANT_HESS:
                b.hess = writer_block(&hess_writer, start)
            if job.finds_nan:
                total = exact_plus(total, nan_among(b.x, b.n))
            total = exact_join(total, job.compute(&b))
            if b.each != NULL and job.want & WANT_VALUE:
                total = exact_join(total, weighed_sum(job, &b, weight, start, &group))
            if job.want & WANT_GRAD:
                if weight != NULL:
                    weigh(b.grad, weight, b.n)
                writer_store(&grad_writer, start, b.n, start + b.n == stop)
            if job.want & WANT_HESS:
                if weight != NULL:
                    weigh(b.hess, weight, b.n)
                writer_store(&hess_writer, start, b.n, start + b.n == stop)
            start += b.n
        if start < stop and should_stop(poll_of(scratch), POLLED):
            break
    if job.streamed:
        stream_end()
    return total


cdef public void plan_elements(void* data, kernel_plan* plan) noexcept nogil:
    """`group` elements have a value each, where values are wanted."""
    cdef ElementJob* job = <ElementJob*> data
    if job.out.values.data == NULL:
        job.group = 0
    # The total of a loss OF_TARGET tells whether there is NaN among the values.
    job.has_total = job.group != 1 or job.finds_nan
    job.chunk_size = CHUNK if job.group <= 1 else job.group * max(1, CHUNK // job.group)
    if job.width > 0:
        job.chunk_size, job.group = job.width * ROWS_OF_CHUNK, 0
    job.want = (WANT_VALUE if job.out.want_value else 0) | (WANT_GRAD if job.out.grad.data != NULL else 0)
    if job.out.hess.data != NULL:
        job.want = WANT_GRAD | WANT_HESS
    job.finds_nan = job.finds_nan and not job.want & WANT_VALUE
    job.streamed = outputs_bypass_caches(&job.out, job.size, &job.x)
    plan.chunks = (job.size - 1) // job.chunk_size + 1
    plan.scratch = 0


cdef public void look_at_elements(void* data) noexcept nogil:
    """Records whether the numbers of a small contiguous job are legal, before anything is computed."""
    cdef ElementJob* job = <ElementJob*> data
    look_at(<const real*> job.x.data, NULL, job.size, legal_in(job.x_legal), &job.x_found)
    look_at(<const real*> job.y.data, NULL, job.size, legal_in(job.y_legal), &job.y_found)
