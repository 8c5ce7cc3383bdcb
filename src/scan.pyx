"""One look at a target before anything is written: labels within range, probabilities within [0, 1]."""

from kernel cimport *

cnp.import_array()

cdef enum:
    SCAN_BLOCK = 2048


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


def sequences(cnp.ndarray labels, cnp.ndarray lengths, long long classes, long long blank, cnp.ndarray frames_needed):
    """Place of the first label out of range or equal to the blank, or -1; all arrays are contiguous int64. The frames
    that each sequence needs: one a label, and one more between equal neighbours."""
    cdef const int64_t* label = <const int64_t*> data_of(labels)
    cdef const int64_t* length = <const int64_t*> data_of(lengths)
    cdef int64_t* needed = <int64_t*> data_of(frames_needed)
    cdef Py_ssize_t n, i, place = 0, batch = lengths.size
    for n in range(batch):
        needed[n] = length[n]
        for i in range(length[n]):
            if not 0 <= label[place] < classes or label[place] == blank:
                return place
            if i > 0 and label[place] == label[place - 1]:
                needed[n] += 1
            place += 1
    return -1


cdef bint block_is_outside(real_cp x, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int bad = 0
    for i in range(n):
        bad |= (x[i] < 0) | (x[i] > 1)
    return bad


def outside_unit(cnp.ndarray array, int dtype):
    """Place, in C order, of the first element below 0 or above 1; -1 where there is none. NaN passes."""
    cdef operand a
    cdef real buffer[SCAN_BLOCK]
    cdef const real* x
    cdef Py_ssize_t start = 0, i, n, size = array.size, found = -1
    bind(&a, array, dtype)
    with nogil:
        while start < size and found < 0:
            n = min(size - start, <Py_ssize_t> SCAN_BLOCK)
            x = operand_read(&a, start, n, buffer)
            if block_is_outside(x, n):
                for i in range(n):
                    if x[i] < 0 or x[i] > 1:
                        found = start + i
                        break
            start += n
    return found
