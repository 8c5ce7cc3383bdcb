"""Losses that are a sum over elements: blocks of them through one loop, with weights, sums and results.

    block   elements whose numbers, results included, stay in the first-level cache
    chunk   elements worth handing to a thread; their sum is one partial sum
    group   elements whose losses make one result: 1, or a row's classes, or 0 where only the total is wanted

This file is included: what computes a block is a function of the including module.
"""

cdef extern from "elementwise/loop.h" nogil:
    enum:
        WANT_VALUE
        WANT_GRAD
        WANT_HESS
        ELEMENT_BLOCK
        FLAT
        CURVED
        OF_TARGET
    ctypedef struct element_options:
        double number[2]
    ctypedef struct element_block:
        const real* x
        const real* y
        const real* z
        double* each
        real* grad
        real* hess
        Py_ssize_t n
        int want
        element_options options
        real scale
    ctypedef double (*block_function)(const element_block*) noexcept nogil
    ctypedef struct elementwise_loss:
        block_function compute
        int shape
        domain x
        domain y
    const elementwise_loss* find_elementwise_loss(const char*)
    double sum_elements(const real*, const real*, double*, Py_ssize_t)

cdef enum:
    CHUNK = 16384       # elements: tens of microseconds, against which handing out a chunk is nothing
    POLLED = 1 << 20    # elements of a longer chunk, one of a long group, between two questions whether to stop

ctypedef struct ElementJob:
    array_view x
    array_view y
    array_view z            # a third number for each element, or none
    array_view weight       # or none
    array_view where        # which elements count, beside a weight, or none
    Outputs out             # of the values, one a group
    block_function compute
    element_options options
    legal_numbers x_legal
    legal_numbers y_legal
    findings x_found        # of the numbers that are not legal
    findings y_found
    int want
    bint finds_nan          # whether the total is to be NaN where a prediction is
    bint streamed           # whether the derivatives bypass the caches
    Py_ssize_t size
    Py_ssize_t chunk_size
    Py_ssize_t group

ctypedef struct GroupSum:   # of the group at hand, which may span blocks
    double total


cdef double block_sum(const double* value, Py_ssize_t n) noexcept nogil:
    cdef double lane[LANES]
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        lane[i] = 0
    for j from 0 <= j < whole by LANES:
        lanes_add_double(value + j, lane)
    for j in range(whole, n):
        lane[j - whole] += value[j]
    return lanes_total_double(lane)


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
        group.total += block_sum(value + done, part)
        done += part
        if (start + done) % job.group == 0:
            of_group = <real> group.total
            destination = block_destination(&job.out.values, (start + done) // job.group - 1, single)
            destination[0] = of_group
            store_block(&job.out.values, (start + done) // job.group - 1, 1, destination)
            group.total = 0


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


cdef const real* read_elements(ElementJob* job, ElementBuffers* buffers, element_block* b,
                               Py_ssize_t start) noexcept nogil:
    """The numbers of a block; records whether they are legal. Its weights, or NULL."""
    cdef const real* weight = read_weights(&job.weight, &job.where, start, b.n, buffers.weight, buffers.where)
    b.x = read_block(&job.x, start, b.n, buffers.x)
    if b.x != buffers.x and is_in_place(job):
        copy_block(buffers.x, b.x, b.n)
        b.x = buffers.x
    b.y = b.x if job.y.data == NULL else read_block(&job.y, start, b.n, buffers.y)
    b.z = b.y if job.z.data == NULL else read_block(&job.z, start, b.n, buffers.z)
    look_at(b.x, weight, b.n, job.x_legal, &job.x_found)
    look_at(b.y, weight, b.n, job.y_legal, &job.y_found)
    return weight


cdef inline double weighed_sum(ElementJob* job, element_block* b, const real* weight, Py_ssize_t start,
                               GroupSum* group) noexcept nogil:
    """The sum of a block's losses, which are stored where they are wanted."""
    if weight != NULL:
        weigh_values(b.each, weight, b.n)
    if job.group > 0:
        store_values(job, b.each, start, b.n, group)
    return block_sum(b.each, b.n)


cdef double chunk_of_elements(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Blocks of a chunk: read, compute, weigh, sum, store."""
    cdef ElementJob* job = <ElementJob*> data
    cdef ElementBuffers buffers
    cdef block_writer grad_writer = writer_to(&job.out.grad, buffers.grad, job.streamed)
    cdef block_writer hess_writer = writer_to(&job.out.hess, buffers.hess, job.streamed)
    cdef const real* weight
    cdef element_block b
    cdef GroupSum group
    cdef double total = 0
    cdef Py_ssize_t start = chunk * job.chunk_size, stop = start + min(job.chunk_size, job.size - start), pause
    group.total = 0
    b.each = buffers.value if job.weight.data != NULL or job.group > 0 else NULL
    b.grad = buffers.grad
    b.hess = buffers.hess
    b.want = job.want
    b.options = job.options
    b.scale = <real> job.out.scale
    while start < stop:
        pause = min(stop, start + POLLED)
        while start < pause:
            b.n = min(stop - start, <Py_ssize_t> ELEMENT_BLOCK)
            weight = read_elements(job, &buffers, &b, start)
            if job.want & WANT_GRAD:
                b.grad = writer_block(&grad_writer, start)
            if job.want & WANT_HESS:
                b.hess = writer_block(&hess_writer, start)
            if job.finds_nan:
                total += nan_among(b.x, b.n)
            total += job.compute(&b)
            if b.each != NULL and job.want & WANT_VALUE:
                total += weighed_sum(job, &b, weight, start, &group)
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


cdef int run_elements(ElementJob* job, Py_ssize_t group, double* total) except -1:
    """`group` elements have a value each, where values are wanted."""
    job.group = group if job.out.values.data != NULL else 0
    job.chunk_size = CHUNK if job.group <= 1 else job.group * max(1, CHUNK // job.group)
    job.want = (WANT_VALUE if job.out.want_value else 0) | (WANT_GRAD if job.out.grad.data != NULL else 0)
    if job.out.hess.data != NULL:
        job.want = WANT_GRAD | WANT_HESS
    job.finds_nan = job.finds_nan and not job.want & WANT_VALUE
    job.streamed = outputs_bypass_caches(&job.out, job.size, &job.x)
    return run_chunks(chunk_of_elements, job, (job.size - 1) // job.chunk_size + 1, 0, job.out.threads,
                      total)


cdef bint is_illegal(const ElementJob* job) noexcept:
    """Whether a number that was computed with is not legal."""
    return is_refused(&job.x_found) or is_refused(&job.y_found)


cdef void set_loss(ElementJob* job, const elementwise_loss* loss, const double* options, bint is_checked) noexcept:
    """What is computed, and which numbers are legal: any, unless `is_checked`. The arrays are set elsewhere."""
    job.compute = loss.compute
    job.finds_nan = (loss.shape & OF_TARGET) != 0
    job.options.number[0] = options[0]
    job.options.number[1] = options[1]
    job.x_legal = legal_in(loss.x if is_checked else ANY_NUMBER)
    job.y_legal = legal_in(loss.y if is_checked else ANY_NUMBER)
    memset(&job.x_found, 0, sizeof(findings))
    memset(&job.y_found, 0, sizeof(findings))


cdef object evaluate_arrays(ElementJob* job, tuple arrays, Py_ssize_t group, outputs):
    """(weighted sum of the losses, whether a number was not legal). The arrays are x, y, z, weight, where, all of x's
    shape or None; values are one a group of elements."""
    cdef double total
    job.size = arrays[0].size
    for array in arrays:
        expect_size(array, job.size, "an argument")
    read_outputs(&job.out, outputs, job.size // group, job.size)
    view_of(&job.x, arrays[0])
    view_of(&job.y, arrays[1])
    view_of(&job.z, arrays[2])
    view_of_weights(&job.weight, arrays[3])
    view_of(&job.where, arrays[4])
    run_elements(job, group, &total)
    return total, bool(is_illegal(job))
