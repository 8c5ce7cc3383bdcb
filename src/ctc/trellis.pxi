"""What the loss and the alignment of a batch share: its arrays, workspace, and the slots that a frame reaches.
Included by ctc.pyx and viterbi.pyx, which explain the names.

A slot is a label and the blank before it. V slots go through a step together (scaled.h), so frames are a whole number
of these, and have V more on either side that no path reaches: a step may read the neighbours of any slot.
"""

from libc.string cimport memset

include "arrays.pxi"

cdef extern from "core/array.h" nogil:
    void fill_run(real*, Py_ssize_t, real)

cdef extern from "ctc/recursion.h" nogil:
    ctypedef struct Band "ctc_band":    # of slots
        Py_ssize_t low
        Py_ssize_t high
    Py_ssize_t padded "whole_slots"(Py_ssize_t)
    Band band_at(Py_ssize_t, Py_ssize_t, Py_ssize_t)

# A (T, N, C) array of any layout and dtype.
ctypedef struct Rows:
    char* data               # or NULL
    int dtype
    Py_ssize_t stride[3]     # of frame, sequence, class, in bytes
    Py_ssize_t frames
    Py_ssize_t batch
    Py_ssize_t classes

# The fields of fastloss.ctc._inputs.Batch.
ctypedef struct Batch:
    Rows x
    Py_ssize_t blank
    const int64_t* labels           # all targets, one after the other
    const int64_t* offsets          # where each begins
    const int64_t* target_lengths
    const int64_t* input_lengths
    const uint8_t* feasible         # whether there are frames enough for the target

# Frames times slots: a workspace has a hundred bytes for each at most, which 64 bits can count.
cdef double MOST_CELLS = 2.0 ** 50


# ---- arrays; the structs of a call are cleared by whoever fills them ----

cdef int bind_rows(Rows* rows, cnp.ndarray array, str name) except -1:
    cdef int i
    check_unchanged(array.ndim == 3 and dtype_code(array) >= 0, name)
    rows.data = <char*> data_of(array)
    rows.dtype = dtype_code(array)
    rows.frames = array.shape[0]
    rows.batch = array.shape[1]
    rows.classes = array.shape[2]
    for i in range(3):
        rows.stride[i] = array.strides[i]
    return 0


cdef int bind_batch(Batch* to, batch) except -1:
    emissions, targets = batch.emissions, batch.targets
    cdef Py_ssize_t size, n, labels = targets.labels.size
    bind_rows(&to.x, emissions.view, emissions.name)
    size = to.x.batch
    to.blank = batch.blank
    to.labels = integers_of(targets.labels, labels, "targets")
    to.offsets = integers_of(targets.offsets, size, "targets")
    to.target_lengths = integers_of(targets.lengths, size, "target_lengths")
    to.input_lengths = integers_of(batch.input_lengths, size, "input_lengths")
    to.feasible = <const uint8_t*> numbers_of(batch.feasible, size, 1, "input_lengths")
    check_unchanged(0 <= to.blank < to.x.classes, emissions.name)
    for n in range(size):
        check_unchanged(0 <= to.input_lengths[n] <= to.x.frames, "input_lengths")
        check_unchanged(0 <= to.target_lengths[n] <= labels - to.offsets[n] <= labels, "target_lengths")
    return 0


cdef inline bint is_like(const Rows* a, const Rows* b) noexcept nogil:
    """Whether a has a number for each of b."""
    return a.frames == b.frames and a.batch == b.batch and a.classes == b.classes


cdef Py_ssize_t longest_of(const Batch* batch) noexcept nogil:
    """Labels of the longest target."""
    cdef Py_ssize_t n, longest = 0
    for n in range(batch.x.batch):
        longest = max(longest, batch.target_lengths[n])
    return longest


cdef const int64_t* order_of(const Batch* batch, cnp.ndarray order) except NULL:
    """The sequences to compute. Lengths of arrays that take no memory, broadcast ones, can be so large that the size of
    a workspace can't be counted."""
    cdef const int64_t* sequence = integers_of(order, order.size, "the batch")
    cdef Py_ssize_t i
    for i in range(order.size):
        check_unchanged(0 <= sequence[i] < batch.x.batch, "the batch")
        if (batch.input_lengths[sequence[i]] + 64.0) * (batch.target_lengths[sequence[i]] + 64.0) > MOST_CELLS:
            raise MemoryError
    return sequence


cdef inline char* row_at(const Rows* rows, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    return rows.data + t * rows.stride[0] + n * rows.stride[1]


cdef inline bint is_direct(const Rows* rows) noexcept nogil:
    """Whether its rows can be used where they lie."""
    return rows.dtype == FL_NATIVE and rows.stride[2] == sizeof(real)


# ---- work, for should_stop(): ----

cdef enum:
    BACKWARD_WORK = 2   # so much more than a frame takes forward: it is computed again, and then backward


cdef inline Py_ssize_t frame_work(Py_ssize_t classes, Py_ssize_t slots) noexcept nogil:
    return classes + 8 * slots + 4


# ---- workspace: one block of memory a thread, cut into arrays ----

cdef inline char* arena_alloc(char** memory, Py_ssize_t size) noexcept nogil:
    """`size` bytes, on a cache line of their own. From NULL on, this only counts."""
    cdef char* start = memory[0]
    memory[0] += (size + FL_LINE - 1) // FL_LINE * FL_LINE
    return start


# ---- scores of some classes ----

cdef inline void gather(real_p destination, real_cp table, const int32_t* index, Py_ssize_t low,
                        Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        destination[i] = table[index[i]]
