"""A row whose scores come a part of its classes at a time, as those of products that are never stored whole. Included
after row_jobs.pxi; row.pxi explains the names."""


cdef void add_part_of_row(row_tile* tile, Py_ssize_t r, const number_run* scores, real* buffer,
                          RowState* state) noexcept nogil:
    """Adds some classes of a row to what the classes before gave, as sum_row adds its blocks, without the label's term.
    The tile gets the sums so far. `label` is that within these classes, or -1. The buffer is for a block of scores."""
    cdef Py_ssize_t n = tile.classes, label = tile.label[r], start, size, excluded
    cdef real top, peak = <real> state.peak, excluded_term
    cdef double rest
    cdef const real* x
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        x = read_piece(scores, start, size, buffer, &top)
        excluded = label - start if start <= label < start + size else -1
        excluded_term = 0
        rest = exp_block_summed(x, size, excluded, top, &excluded_term,
                                place_of(scores, start + size) if start + size < n else tile.ahead)
        merge(&state.rest, &state.excluded, &peak, rest, excluded_term, top, excluded >= 0)
    if label >= 0:
        state.score = number_of(scores, label)
    state.peak = peak
    tile.peak[r] = peak
    tile.rest[r] = <real> state.rest
    tile.score[r] = <real> state.score
