"""Losses that are a sum over elements: blocks of them through one loop, with weights, sums and results.

    block   elements whose numbers, results included, stay in the first-level cache
    chunk   elements worth handing to a thread; their sum is one partial sum
    group   elements whose losses make one result: 1, or a row's classes, or 0 where only the total is wanted

This file is included, like row.pxi: what computes a block is a function of the including module.
"""

cdef extern from "elementwise/losses.h" nogil:
    enum:
        FL_WANT_VALUE
        FL_WANT_GRAD
        FL_WANT_HESS
        POINT_BLOCK "FL_POINT_BLOCK"
    ctypedef struct point_options:
        double number[2]
        real scale
    # x, y, z, options, each, grad, hess, n, want -> the sum, or each loss where that is not NULL
    ctypedef double (*point_block)(const real*, const real*, const real*, const point_options*, double*, real*, real*,
                                   Py_ssize_t, int) noexcept nogil
    point_block find_point_block(const char*)
    double sum_points(const real*, const real*, double*, Py_ssize_t)

cdef enum:
    POINT_CHUNK = 16384

ctypedef struct PointJob:
    operand x
    operand y
    operand z           # a third number for each element, or none
    operand weight
    operand values      # one a group
    operand grad
    operand hess
    point_block compute
    point_options options
    double x_low        # what is legal; a number outside makes `outside` true
    double x_high
    double y_low
    double y_high
    bint x_checked
    bint y_checked
    bint outside
    int want
    bint streamed
    Py_ssize_t size
    Py_ssize_t chunk_size
    Py_ssize_t group


cdef double block_sum(const double* value, Py_ssize_t n) noexcept nogil:
    cdef double lane[16]
    cdef Py_ssize_t i, j, whole = n - n % 16
    for i in range(16):
        lane[i] = 0
    for j from 0 <= j < whole by 16:
        lanes_add_double(value + j, lane)
    for j in range(whole, n):
        lane[j - whole] += value[j]
    return lanes_total_double(lane)


cdef void weigh(real_p target, real_cp weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef real x
    cdef bint is_lost
    for i in range(n):
        x = target[i]
        is_lost = (r_abs(x) > FL_LARGEST) & (weight[i] == 0)   # 0 times infinity is 0
        target[i] = R(0.0) if is_lost else x * weight[i]


cdef void weigh_values(double* value, real_cp weight, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double x
    for i in range(n):
        x = 0 if value[i] > DBL_MAX else value[i]
        x = x if weight[i] == 0 else value[i]
        value[i] = x * weight[i]


cdef void narrow_values(const double* value, real_p out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        out[i] = <real> value[i]


cdef void copy_block(real_p target, real_cp source, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = source[i]


cdef bint is_outside(const real* x, Py_ssize_t n, real low, real high) noexcept nogil:
    cdef Py_ssize_t i
    if seems_outside(x, n, low, high):
        for i in range(n):
            if x[i] < low or x[i] > high:
                return True
    return False


cdef void give_values(PointJob* job, const double* value, Py_ssize_t start, Py_ssize_t n, double* row) noexcept nogil:
    """A block's losses to where they are wanted. `row` is the sum of the group at hand, which may span blocks."""
    cdef real single[POINT_BLOCK]
    cdef real one
    cdef Py_ssize_t place = 0, part
    if job.group == 1:
        narrow_values(value, single, n)
        give(&job.values, single, start, n)
        return
    while place < n:
        part = min(n - place, job.group - (start + place) % job.group)
        row[0] += block_sum(value + place, part)
        place += part
        if (start + place) % job.group == 0:
            one = <real> row[0]
            give(&job.values, &one, (start + place) // job.group - 1, 1)
            row[0] = 0


cdef void give(operand* home, real* block, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    """A block of results from its buffer to its array, where it was not computed there."""
    if home.direct:
        if operand_block(home, start, block) != block:
            copy_block(operand_block(home, start, block), block, n)
    else:
        operand_written(home, start, n, block)


cdef double point_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """Blocks of a chunk: read, look whether they are legal, compute, weigh, sum, write."""
    cdef PointJob* job = <PointJob*> data
    cdef real x_buffer[POINT_BLOCK]
    cdef real y_buffer[POINT_BLOCK]
    cdef real z_buffer[POINT_BLOCK]
    cdef real w_buffer[POINT_BLOCK]
    cdef real g_buffer[POINT_BLOCK + FL_HELD]
    cdef real h_buffer[POINT_BLOCK + FL_HELD]
    cdef double value[POINT_BLOCK]
    cdef double* each = NULL
    cdef const real* x
    cdef const real* y
    cdef const real* z
    cdef const real* weight = w_buffer
    cdef real* grad = g_buffer
    cdef real* hess = h_buffer
    cdef double total = 0, row = 0
    cdef Py_ssize_t g_held = 0, h_held = 0
    cdef Py_ssize_t start = chunk * job.chunk_size, stop = min(start + job.chunk_size, job.size), n
    if job.weight.data != NULL or job.group > 0:
        each = value
    while start < stop:
        n = min(stop - start, <Py_ssize_t> POINT_BLOCK)
        x = operand_read(&job.x, start, n, x_buffer)
        if x != x_buffer and (job.x.data == job.grad.data or job.x.data == job.hess.data):   # in place
            copy_block(x_buffer, x, n)
            x = x_buffer
        y = x if job.y.data == NULL else operand_read(&job.y, start, n, y_buffer)
        z = y if job.z.data == NULL else operand_read(&job.z, start, n, z_buffer)
        if job.weight.data != NULL:
            weight = operand_read(&job.weight, start, n, w_buffer)
        if job.x_checked and is_outside(x, n, <real> job.x_low, <real> job.x_high):
            job.outside = True
        if job.y_checked and is_outside(y, n, <real> job.y_low, <real> job.y_high):
            job.outside = True
        if job.streamed:
            grad = g_buffer + g_held
            hess = h_buffer + h_held
        else:
            if job.want & FL_WANT_GRAD:
                grad = operand_block(&job.grad, start, g_buffer)
            if job.want & FL_WANT_HESS:
                hess = operand_block(&job.hess, start, h_buffer)
        total += job.compute(x, y, z, &job.options, each, grad, hess, n, job.want)
        if each != NULL and job.want & FL_WANT_VALUE:
            if job.weight.data != NULL:
                weigh_values(value, weight, n)
            if job.group > 0:
                give_values(job, value, start, n, &row)
            total += block_sum(value, n)
        if job.want & FL_WANT_GRAD:
            if job.weight.data != NULL:
                weigh(grad, weight, n)
            if job.streamed:
                stream_block(&job.grad, g_buffer, &g_held, start, n, start + n == stop)
            else:
                give(&job.grad, grad, start, n)
        if job.want & FL_WANT_HESS:
            if job.weight.data != NULL:
                weigh(hess, weight, n)
            if job.streamed:
                stream_block(&job.hess, h_buffer, &h_held, start, n, start + n == stop)
            else:
                give(&job.hess, hess, start, n)
        start += n
    if job.streamed:
        stream_end()
    return total


cdef int run_points(PointJob* job, arrays, bint want_value, Py_ssize_t group, limits, int threads,
                    double* total) except -1:
    """Binds (array, dtype code) pairs of x, y, z, weight, values, grad, hess and runs the job.

    `limits` is None, or what is legal: (lowest x, highest x, lowest y, highest y).
    """
    cdef operand* places[7]
    cdef int i
    places[:] = [&job.x, &job.y, &job.z, &job.weight, &job.values, &job.grad, &job.hess]
    for i in range(7):
        bind(places[i], arrays[i][0], arrays[i][1])
    job.size = arrays[0][0].size
    job.x_low = job.y_low = -INFINITY
    job.x_high = job.y_high = INFINITY
    if limits is not None:
        job.x_low, job.x_high, job.y_low, job.y_high = limits
    return run_bound_points(job, want_value, group, threads, total)


cdef int run_bound_points(PointJob* job, bint want_value, Py_ssize_t group, int threads, double* total) except -1:
    job.group = group if job.values.data != NULL else 0
    job.chunk_size = POINT_CHUNK if job.group <= 1 else job.group * max(1, POINT_CHUNK // job.group)
    job.want = (FL_WANT_VALUE if want_value else 0) | (FL_WANT_GRAD if job.grad.data != NULL else 0)
    if job.hess.data != NULL:
        job.want = FL_WANT_GRAD | FL_WANT_HESS
    job.x_checked = job.x_low > -INFINITY or job.x_high < INFINITY
    job.y_checked = job.y.data != NULL and (job.y_low > -INFINITY or job.y_high < INFINITY)
    job.outside = False
    job.streamed = bool(job.want & FL_WANT_GRAD) and is_streamed(&job.grad, job.size, &job.x)
    if job.want & FL_WANT_HESS:
        job.streamed = job.streamed and is_streamed(&job.hess, job.size, &job.x)
    run_chunks(point_chunk, job, (job.size + job.chunk_size - 1) // job.chunk_size, 0, threads, total)
    return 0
