"""Labels and ranges of numbers, looked at before anything is written; the rules of core/arguments.pxd for Python."""

from libc.string cimport memset

from arguments cimport *
from core cimport *
from parallel cimport *

cnp.import_array()

cdef enum:
    BLOCK = 1024        # numbers that stay in the first-level cache
    CHUNK = 65536

# What each reduction does, for fastloss/_validation.py to name.
SUMS, MEANS, KEEPS = REDUCES_TO_SUM, DIVIDES, KEEPS_EACH
OUT_STATES = (OUT_FITS, OUT_IS_NO_ARRAY, OUT_HAS_ANOTHER_SHAPE, OUT_HAS_ANOTHER_DTYPE, OUT_IS_READ_ONLY)
DOMAINS = {"any": ANY_NUMBER, "not negative": NOT_NEGATIVE, "unit": UNIT_INTERVAL, "signs": SIGNS}
FLOAT32, FLOAT64, FLOAT16, BFLOAT16 = FL_FLOAT32, FL_FLOAT64, FL_FLOAT16, FL_BFLOAT16


def code_of(cnp.ndarray array):
    """The code of array.h for the array's dtype; -1 for one that kernels don't read."""
    return dtype_code(array)


def scale_of(int reduction, double denominator):
    return derivative_scale(reduction, denominator)


def value_of(int reduction, double total, double denominator):
    return reduced_value(reduction, total, denominator)


def state_of_out(out, tuple shape, cnp.dtype dtype):
    """Whether an array can be `out`, of the given shape and dtype: one of OUT_STATES."""
    cdef cnp.npy_intp dimensions[64]
    cdef int d, count = <int> len(shape)
    for d in range(count):
        dimensions[d] = shape[d]
    return out_state(out, count, dimensions, <cnp.PyArray_Descr*> dtype)


def copies_out(cnp.ndarray out, cnp.ndarray prediction):
    return must_be_copied(out, prediction)


def overlap(cnp.ndarray a, cnp.ndarray b):
    return may_overlap(a, b)


def labels(cnp.ndarray array, weights, long long classes, ignore_index):
    """How many labels of a contiguous int64 array are not ignored, or -1 - the place of the first one out of range.
    weights: float64, one a label, or None. ignore_index: None where no label is ignored."""
    cdef const int64_t* label = <const int64_t*> data_of(array)
    cdef const double* weight = <const double*> data_of(weights)
    cdef Py_ssize_t size = array.size, counted
    cdef label_rule rule
    expect_size(weights, size, "sample_weight")
    rule.classes = classes
    rule.has_ignored = ignore_index is not None
    rule.ignore_index = ignore_index if rule.has_ignored else -1
    with nogil:
        counted = count_labels(label, weight, size, rule)
    return counted


ctypedef struct LookJob:
    array_view numbers
    array_view weight       # or none
    array_view where        # which numbers count, beside a weight, or none
    Py_ssize_t size
    legal_numbers legal
    findings found


cdef double look_at_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LookJob* job = <LookJob*> data
    cdef Py_ssize_t start = chunk * CHUNK, stop = start + min(<Py_ssize_t> CHUNK, job.size - start), n
    cdef const real* weight
    while start < stop:
        n = min(stop - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, scratch + BLOCK, scratch + 2 * BLOCK)
        look_at(read_block(&job.numbers, start, n, scratch), weight, n, job.legal, &job.found)
        start += n
    return 0


cdef Py_ssize_t first_in(LookJob* job) noexcept nogil:
    """The place of the first number that is refused."""
    cdef real buffer[3 * BLOCK]
    cdef const real* weight
    cdef findings found
    cdef Py_ssize_t start = 0, place, n
    memset(&found, 0, sizeof(findings))
    while start < job.size:
        n = min(job.size - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, buffer + BLOCK, buffer + 2 * BLOCK)
        place = first_refused(read_block(&job.numbers, start, n, buffer), weight, n, job.legal, &found)
        if place >= 0:
            return start + place
        start += n
    return -1


cdef Py_ssize_t look(cnp.ndarray array, tuple weighted, legal_numbers legal, int threads) except -2:
    """The place, in C order, of the first number that is refused; -1 where none is. `weighted` are a weight and which
    numbers count, either None or of the shape of the array: what has no weight is not looked at."""
    cdef LookJob job
    cdef double total
    memset(&job, 0, sizeof(LookJob))
    expect_size(weighted[0], array.size, "sample_weight")
    expect_size(weighted[1], array.size, "where")
    view_of(&job.numbers, array)
    view_of_weights(&job.weight, weighted[0])
    view_of(&job.where, weighted[1])
    job.size = array.size
    job.legal = legal
    # Rounded up without a sum beyond 64 bits: a broadcast array may have 2^63 - 1 numbers.
    run_chunks(look_at_chunk, &job, (job.size - 1) // CHUNK + 1, 3 * BLOCK, threads, &total)
    return first_in(&job) if is_refused(&job.found) else -1


def outside(cnp.ndarray array, double low, double high, int threads):
    """The place of the first number below `low` or above `high`; -1 where there is none. NaN passes."""
    return look(array, (None, None), legal_within(low, high), threads)


def outside_domain(cnp.ndarray array, tuple weighted, domain of, int threads):
    """The same for one of DOMAINS, of the numbers that have a weight: see look()."""
    return look(array, weighted, legal_in(of), threads)


cdef double weights_of_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LookJob* job = <LookJob*> data
    cdef Py_ssize_t start = chunk * CHUNK, stop = start + min(<Py_ssize_t> CHUNK, job.size - start), i, n
    cdef real lane[LANES]
    cdef const real* weight
    cdef double total = 0
    for i in range(LANES):
        lane[i] = 0
    while start < stop:
        n = min(stop - start, <Py_ssize_t> BLOCK)
        weight = read_weights(&job.weight, &job.where, start, n, scratch, scratch + BLOCK)
        for i from 0 <= i < n - LANES + 1 by LANES:
            lanes_add(weight + i, lane)
        for i in range(n - n % LANES, n):
            total += weight[i]
        start += n
    return total + lanes_total(lane)


def sum_of_weights(cnp.ndarray weight, where):
    """The sum of the weights that count; `where` is a bool array of their shape, or None."""
    cdef LookJob job
    cdef double total = 0
    memset(&job, 0, sizeof(LookJob))
    expect_size(where, weight.size, "where")
    view_of(&job.weight, weight)
    view_of(&job.where, where)
    job.size = weight.size
    if job.size:
        run_chunks(weights_of_chunk, &job, (job.size - 1) // CHUNK + 1, 2 * BLOCK, 1, &total)
    return total
