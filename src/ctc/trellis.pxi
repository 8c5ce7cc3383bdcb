"""What the loss and the alignment of a batch share: the workspace, and the slots that a frame reaches.
Included by ctc.pyx, viterbi.pyx and decode.pyx, which explain the names.

A slot is a label and the blank before it. V slots go through a step together (scaled.h), so frames are a whole number
of these, and have V more on either side that no path reaches: a step may read the neighbours of any slot.
"""

from libc.string cimport memset

cdef extern from "core/array.h" nogil:
    void fill_run(real*, Py_ssize_t, real)

cdef extern from "ctc/recursion.h" nogil:
    ctypedef struct Band "ctc_band":    # of slots
        Py_ssize_t low
        Py_ssize_t high
    Py_ssize_t padded "whole_slots"(Py_ssize_t)
    Band band_at(Py_ssize_t, Py_ssize_t, Py_ssize_t)


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


# ---- tiles: slots of long frames that are computed together, and that threads can share ----

cdef enum:
    TILED = 2000        # slots from which on there is more than one tile
    LEAST_TILE = 512    # slots of a tile: some microseconds for a block of frames
    MOST_TILES = 16


cdef inline Py_ssize_t tile_width(Py_ssize_t S, Py_ssize_t most) noexcept nogil:
    """Slots of a tile, of at most so many tiles."""
    cdef Py_ssize_t slots = padded(S + 1)
    return max(<Py_ssize_t> LEAST_TILE, padded((slots - 1) // most + 1)) if slots > TILED else slots


cdef inline Py_ssize_t tile_count(Py_ssize_t S, Py_ssize_t width) noexcept nogil:
    return (padded(S + 1) - 1) // width + 1


cdef inline Band band_of_tile(Py_ssize_t S, Py_ssize_t width, Py_ssize_t tile) noexcept nogil:
    cdef Band band
    band.low = tile * width
    band.high = min(band.low + width, padded(S + 1))
    return band


cdef inline bint is_for_rounds(Py_ssize_t T, Py_ssize_t tiles, Py_ssize_t block) noexcept nogil:
    """Whether threads gain by sharing a sequence: tiles are at work together in most of its blocks of frames."""
    return tiles > 1 and T >= 16 * tiles * block


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
