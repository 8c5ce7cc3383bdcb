"""One look at a target before anything is written: labels within range, numbers within a range."""

from core cimport *
from parallel cimport *

cnp.import_array()

cdef enum:
    SCAN_BLOCK = 1024
    SCAN_CHUNK = 65536


def labels(cnp.ndarray array, long long classes, long long ignore_index):
    """(labels that count, place of the first one out of range or -1) of a contiguous int64 array."""
    cdef const int64_t* label = <const int64_t*> data_of(array)
    cdef Py_ssize_t i, size = array.size, ignored = 0
    cdef int bad = 0
    with nogil:
        for i in range(size):
            ignored += label[i] == ignore_index
            bad |= (label[i] != ignore_index) & ((label[i] < 0) | (label[i] >= classes))
        if bad:
            for i in range(size):
                if label[i] != ignore_index and not 0 <= label[i] < classes:
                    break
    return size - ignored, i if bad else -1


def sequences(cnp.ndarray labels, cnp.ndarray lengths, long long classes, long long blank, long long star,
              cnp.ndarray frames_needed):
    """Place of the first label out of range or equal to the blank, or -1; all arrays are contiguous int64. A `star` is
    legal wherever it lies; -1 for none. The frames that each sequence needs: one a label, and one more between equal
    neighbours."""
    cdef const int64_t* label = <const int64_t*> data_of(labels)
    cdef const int64_t* length = <const int64_t*> data_of(lengths)
    cdef int64_t* needed = <int64_t*> data_of(frames_needed)
    cdef Py_ssize_t n, i, place = 0, batch = lengths.size
    for n in range(batch):
        needed[n] = length[n]
        for i in range(length[n]):
            if (not 0 <= label[place] < classes or label[place] == blank) and (star < 0 or label[place] != star):
                return place
            if i > 0 and label[place] == label[place - 1]:
                needed[n] += 1
            place += 1
    return -1


ctypedef struct RangeJob:
    operand a
    Py_ssize_t size
    real low
    real high


cdef double outside_chunk(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """How many blocks of the chunk seem to have a number out of range."""
    cdef RangeJob* job = <RangeJob*> data
    cdef Py_ssize_t start = chunk * SCAN_CHUNK, stop = min(start + SCAN_CHUNK, job.size), n
    cdef double bad = 0
    while start < stop:
        n = min(stop - start, <Py_ssize_t> SCAN_BLOCK)
        bad += seems_outside(operand_read(&job.a, start, n, scratch), n, job.low, job.high)
        start += n
    return bad


cdef Py_ssize_t first_outside(RangeJob* job) noexcept nogil:
    cdef real buffer[SCAN_BLOCK]
    cdef const real* x
    cdef Py_ssize_t start = 0, i, n
    while start < job.size:
        n = min(job.size - start, <Py_ssize_t> SCAN_BLOCK)
        x = operand_read(&job.a, start, n, buffer)
        for i in range(n):
            if x[i] < job.low or x[i] > job.high:
                return start + i
        start += n
    return -1


def outside(cnp.ndarray array, int dtype, double low, double high, int threads):
    """Place, in C order, of the first element below `low` or above `high`; -1 where there is none. NaN passes."""
    cdef RangeJob job
    cdef double bad = 0
    bind(&job.a, array, dtype)
    job.size = array.size
    job.low = <real> low
    job.high = <real> high
    run_chunks(outside_chunk, &job, (job.size + SCAN_CHUNK - 1) // SCAN_CHUNK, SCAN_BLOCK, threads, &bad)
    return first_outside(&job) if bad else -1
