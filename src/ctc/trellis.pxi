"""What the loss and the alignment of a batch share: its arrays, workspace, and the slots that a frame reaches.
Included by ctc.pyx and viterbi.pyx, which explain the names.

A slot is a label and the blank before it. V slots go through a step together (scaled.h), so frames are a whole number
of these, and have V more on either side that no path reaches: a step may read the neighbours of any slot.
"""

from libc.string cimport memset

cdef extern from "core/array.h" nogil:
    void fill_run(real*, Py_ssize_t, real)

# A (T, N, C) array of any layout and dtype.
ctypedef struct Rows:
    char* data               # or NULL
    int dtype
    Py_ssize_t stride[3]     # of frame, sequence, class, in bytes
    Py_ssize_t frames
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

ctypedef struct Band:
    Py_ssize_t low
    Py_ssize_t high


# ---- arrays; the structs of a call are cleared by whoever fills them ----

cdef int bind_rows(Rows* rows, cnp.ndarray array) except -1:
    cdef int i
    rows.data = <char*> data_of(array)
    rows.dtype = dtype_code(array)
    rows.frames = array.shape[0]
    rows.classes = array.shape[2]
    for i in range(3):
        rows.stride[i] = array.strides[i]
    return 0


cdef int bind_batch(Batch* to, batch) except -1:
    emissions, targets = batch.emissions, batch.targets
    bind_rows(&to.x, emissions.view)
    to.blank = batch.blank
    to.labels = <const int64_t*> data_of(targets.labels)
    to.offsets = <const int64_t*> data_of(targets.offsets)
    to.target_lengths = <const int64_t*> data_of(targets.lengths)
    to.input_lengths = <const int64_t*> data_of(batch.input_lengths)
    to.feasible = <const uint8_t*> data_of(batch.feasible)
    return 0


cdef inline char* row_at(const Rows* rows, Py_ssize_t t, Py_ssize_t n) noexcept nogil:
    return rows.data + t * rows.stride[0] + n * rows.stride[1]


cdef inline bint is_direct(const Rows* rows) noexcept nogil:
    """Whether its rows can be used where they lie."""
    return rows.dtype == FL_NATIVE and rows.stride[2] == sizeof(real)


# ---- workspace: one block of memory a thread, cut into arrays ----

cdef inline Py_ssize_t padded(Py_ssize_t slots) noexcept nogil:
    return (slots + V - 1) // V * V


cdef inline char* arena_alloc(char** memory, Py_ssize_t size) noexcept nogil:
    """`size` bytes, on a cache line of their own. From NULL on, this only counts."""
    cdef char* start = memory[0]
    memory[0] += (size + FL_LINE - 1) // FL_LINE * FL_LINE
    return start


# ---- frames ----

cdef inline Band band_at(Py_ssize_t T, Py_ssize_t S, Py_ssize_t t) noexcept nogil:
    """The slots that the start reaches by frame t and from which the end can be reached, rounded to whole V."""
    cdef Band band
    band.low = max(<Py_ssize_t> 0, S - T + t) // V * V
    band.high = padded(min(S + 1, t + 1))
    return band


cdef inline void gather(real_p destination, real_cp table, const int32_t* index, Py_ssize_t low,
                        Py_ssize_t high) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(low, high):
        destination[i] = table[index[i]]
