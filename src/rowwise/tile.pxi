"""Rows of few classes: a tile of them across the vector lanes; table[c * TILE + k] is class c of row k. Included after
row.pxi, which explains the names."""

cdef extern from "core/transpose.h" nogil:
    void lanes_load(const real*, Py_ssize_t, Py_ssize_t, real*)
    void lanes_store(const real*, Py_ssize_t, Py_ssize_t, real*)

cdef enum:
    STRIP = 16              # classes that are summed by themselves: long sums of float32 lose digits


cdef inline const real* ahead_of_tile(const array_view* x, const array_view* out, Py_ssize_t row, Py_ssize_t n,
                                      const real* otherwise) noexcept nogil:
    """What to prefetch during a tile: the next one's scores; of halves, by turns those and results, as set_ahead()."""
    cdef bint halved = not x.direct and out != NULL and out.data != NULL and not out.direct
    if halved and row // TILE % 2 == 1:
        return place_after(out, row * n, otherwise)
    return place_after(x, (row + TILE) * n, otherwise)


cdef void lanes_sum(row_tile* tile, real_p table, bint exclude_peak) noexcept nogil:
    """sum_row for the whole tile; the table's scores become e."""
    cdef Py_ssize_t c, k, start, classes = tile.classes
    cdef real part[TILE]
    cdef real peak[TILE]
    cdef real reference[TILE]
    cdef real rest[TILE]
    cdef xint excluded[TILE]
    cdef real term
    for k in range(TILE):
        peak[k] = -INFINITY
        rest[k] = 0
        excluded[k] = -1    # a row without a peak excludes no class: what is not -inf in it is NaN, which has to count
    for c in range(classes):
        if exclude_peak:
            for k in range(TILE):
                excluded[k] = <xint> c if table[c * TILE + k] > peak[k] else excluded[k]
            for k in range(TILE):
                peak[k] = table[c * TILE + k] if table[c * TILE + k] > peak[k] else peak[k]
        else:
            for k in range(TILE):
                peak[k] = table[c * TILE + k] if table[c * TILE + k] > peak[k] else peak[k]
    for k in range(TILE):
        tile.score[k] = table[tile.label[k] * TILE + k]
    if not exclude_peak:
        for k in range(TILE):
            excluded[k] = <xint> tile.label[k]
    for k in range(TILE):
        reference[k] = reference_of(peak[k])
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k from 0 <= k < TILE by LANES:
                prefetch_lanes(tile.ahead + c * TILE + k)
            for k in range(TILE):
                term = r_exp(table[c * TILE + k] - reference[k])
                table[c * TILE + k] = term
                part[k] += 0 if excluded[k] == <xint> c else term
        for k in range(TILE):
            rest[k] += part[k]
    for k in range(TILE):
        tile.peak[k] = peak[k]
        tile.rest[k] = rest[k]
        tile.excluded[k] = excluded[k] if excluded[k] > 0 else 0    # always a class


cdef void lanes_multiply(real_p table, Py_ssize_t classes, real_cp factor) noexcept nogil:
    cdef Py_ssize_t c, k
    for c in range(classes):
        for k in range(TILE):
            table[c * TILE + k] *= factor[k]
