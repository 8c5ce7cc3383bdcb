"""One row of class scores: its peak, its exponentials and their sum. What every softmax-based loss shares.

    e      exp(score - peak), kept where the gradient will be
    sum    of e over the row
    rest   the sum without the term of one class, the label or the most likely one

A row's probability distribution is e / sum. So that a confident row keeps its digits, the sum is held as `rest` and the
term that `rest` excludes. Then 1 - p(label) = rest / sum and -log p(label) = log1p(rest / term) are exact to rounding
even at 1e-9, where 1 - p computed from p would be 0.

Long rows are read in blocks with a peak of their own, so that one pass over memory is enough; when e is scaled, one
factor a block takes it from the block's peak to the row's.

The search for the peak passes a NaN over; it comes into `rest` with its exponential, and so into everything that is
computed from that. So a NaN is never the excluded class: where there is no peak, because all is NaN, none is excluded.

This file is included, not imported: plain functions stay functions, which keeps the compiler's registers for the loop
at hand. `cdef inline` is binding in this project, so it is for small pieces and for functions with constant flags.
"""

cdef extern from "rowwise/tile.h" nogil:
    enum:
        TILE "FL_TILE"      # rows that lie across the vector lanes together
        ROW_BLOCK "FL_ROW_BLOCK"    # see row_loss.h
    ctypedef struct row_tile:
        Py_ssize_t count
        Py_ssize_t classes
        const real* ahead
        const uint16_t* result
        Py_ssize_t* label
        bint* ignored
        Py_ssize_t* excluded
        real* weight
        real* peak
        real* rest
        real* score
        real* inverse
        real* p
        real* one_minus_p
        real* loss
        real* first
        real* second
        real* own

cdef enum:
    SHORT_ROW = 1024        # classes of a row whose sum needs no blocks
    BRANCHED_ROW = 256      # from so many classes on, a branch to the group of the excluded one costs less than masks
    FEW_CLASSES = 128       # up to so many, rows lie across the vector lanes

cdef enum:                  # which class a row's sum excludes
    EXCLUDE_LABEL
    EXCLUDE_PEAK            # the first of the largest
    EXCLUDE_ANY_PEAK        # any one of the largest: `excluded` is not set


cdef inline real reference_of(real peak) noexcept nogil:
    """What is subtracted from scores: the peak; 0 where that is -inf, since -inf - -inf would be NaN."""
    return 0 if peak == -INFINITY else peak


cdef inline real peak_term_of(real peak) noexcept nogil:
    """The peak's own term of the sum: 1; 0 where the peak is -inf."""
    return R(0.0) if peak == -INFINITY else R(1.0)


cdef void exp_edge(const real* x, real* e, real* total, Py_ssize_t n, Py_ssize_t excluded, real reference,
                   real* excluded_term, bint keep) noexcept nogil:
    """Up to LANES scores, one of which may be excluded: padded with -inf to full width."""
    cdef real padded[LANES]
    cdef real term[LANES]
    cdef real excluded_score = 0
    cdef Py_ssize_t i
    for i in range(LANES):
        padded[i] = x[i] if i < n else -INFINITY
    if excluded >= 0:
        excluded_score = padded[excluded]
        padded[excluded] = -INFINITY
    lanes_exp(padded, term, total, reference, True)
    if excluded >= 0:
        term[excluded] = r_exp(excluded_score - reference)
        excluded_term[0] = term[excluded]
    if keep:
        for i in range(n):
            e[i] = term[i]


cdef inline double exp_block(const real* x, real* e, Py_ssize_t n, Py_ssize_t excluded, real peak, real* excluded_term,
                             const real* ahead, const bint keep) noexcept nogil:
    """e of a block, and their sum without the excluded one (none where excluded < 0)."""
    cdef real total[LANES]
    cdef real reference = reference_of(peak)
    cdef Py_ssize_t i, j, whole = n - n % LANES
    cdef Py_ssize_t edge = excluded - excluded % LANES if excluded >= 0 else whole
    for i in range(LANES):
        total[i] = 0
    for j from 0 <= j < min(edge, whole) by LANES:
        prefetch_lanes(ahead + j)
        lanes_exp(x + j, e + j, total, reference, keep)
    if edge < whole:
        exp_edge(x + edge, e + edge, total, LANES, excluded - edge, reference, excluded_term, keep)
        for j from edge + LANES <= j < whole by LANES:
            prefetch_lanes(ahead + j)
            lanes_exp(x + j, e + j, total, reference, keep)
    if whole < n:
        exp_edge(x + whole, e + whole, total, n - whole, excluded - whole if excluded >= whole else -1, reference,
                 excluded_term, keep)
    return lanes_total(total)


cdef double exp_block_kept(const real* x, real* e, Py_ssize_t n, Py_ssize_t excluded, real peak, real* excluded_term,
                           const real* ahead) noexcept nogil:
    return exp_block(x, e, n, excluded, peak, excluded_term, ahead, True)


cdef double exp_block_summed(const real* x, Py_ssize_t n, Py_ssize_t excluded, real peak, real* excluded_term,
                             const real* ahead) noexcept nogil:
    return exp_block(x, NULL, n, excluded, peak, excluded_term, ahead, False)


cdef inline real block_factor(real peak_of_block, real peak_of_row) noexcept nogil:
    """What takes e from a block's peak to the row's."""
    return 0 if peak_of_block == -INFINITY else r_exp(peak_of_block - peak_of_row)


cdef void merge(double* rest, double* excluded, real* peak, double block_rest, double block_excluded,
                real block_top, bint replaces) noexcept nogil:
    """Adds a block's sum to a row's. `replaces`: the block's excluded term becomes the row's."""
    cdef real top = block_top if block_top > peak[0] else peak[0]
    cdef double old = block_factor(peak[0], top), new = block_factor(block_top, top)
    if replaces:
        rest[0] = old * (rest[0] + excluded[0]) + new * block_rest
        excluded[0] = new * block_excluded
    else:
        rest[0] = old * rest[0] + new * (block_rest + block_excluded)
        excluded[0] = old * excluded[0]
    peak[0] = top


cdef inline void exp_groups(const real* x, real* e, Py_ssize_t whole, real* total, real reference, xint excluded,
                            const real* ahead, const bint keep) noexcept nogil:
    """e of whole groups of LANES scores, added to `total` but for the excluded one."""
    cdef Py_ssize_t j, edge
    if whole < BRANCHED_ROW:
        for j from 0 <= j < whole by LANES:
            prefetch_lanes(ahead + j)
            lanes_exp_excluding(x + j, e + j, total, reference, excluded - <xint> j, 0, keep)
        return
    edge = min(<Py_ssize_t> excluded // LANES * LANES, whole)
    for j from 0 <= j < edge by LANES:
        prefetch_lanes(ahead + j)
        lanes_exp(x + j, e + j, total, reference, keep)
    if edge < whole:
        lanes_exp_excluding(x + edge, e + edge, total, reference, excluded - <xint> edge, 0, keep)
    for j from edge + LANES <= j < whole by LANES:
        prefetch_lanes(ahead + j)
        lanes_exp(x + j, e + j, total, reference, keep)


cdef inline real peak_of_short_row(const real* x, Py_ssize_t n) noexcept nogil:
    cdef real lane[LANES]
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        lane[i] = -INFINITY
    for j from 0 <= j < whole by LANES:
        lanes_max(x + j, lane)
    if whole < n:
        lanes_max(x + n - LANES, lane)
    return lanes_top(lane)


cdef inline void sum_short_row(row_tile* tile, Py_ssize_t r, const real* x, real* e, const real* found,
                               const int exclude, const bint keep) noexcept nogil:
    """sum_row for LANES to SHORT_ROW classes, whose peak may be `found` already, or NULL. No number is read soon after
    a narrower one beside it was written: the processor would wait for that. So the last, ragged group is read together
    with some of the one before."""
    cdef Py_ssize_t i, j, n = tile.classes, whole = n - n % LANES
    cdef real total[LANES]
    cdef real count[LANES]
    cdef real tail[LANES]
    cdef real peak = found[0] if found != NULL else peak_of_short_row(x, n), reference = reference_of(peak)
    cdef real rest
    cdef xint excluded = <xint> tile.label[r], first = <xint> (LANES - n % LANES)
    cdef const real* ahead = tile.ahead
    for i in range(LANES):
        total[i] = 0
        count[i] = 0
    tile.score[r] = x[tile.label[r]]
    if exclude == EXCLUDE_PEAK:
        excluded = <xint> first_place_of(x, n, peak)
    # The tail first: its scores may be overwritten by the rest.
    if whole < n:
        if exclude == EXCLUDE_ANY_PEAK:
            lanes_exp_below(x + n - LANES, tail, total, count, reference, first, True)
        else:
            lanes_exp_excluding(x + n - LANES, tail, total, reference, excluded - <xint> (n - LANES), first, True)
    if exclude == EXCLUDE_ANY_PEAK:
        for j from 0 <= j < whole by LANES:
            prefetch_lanes(ahead + j)
            lanes_exp_below(x + j, e + j, total, count, reference, 0, keep)
    else:
        exp_groups(x, e, whole, total, reference, excluded, ahead, keep)
    if keep:
        for j in range(whole, n):
            e[j] = tail[j - n + LANES]
    rest = <real> lanes_total(total)
    if exclude == EXCLUDE_ANY_PEAK:
        rest += r_atleast(lanes_count(count) - 1, 0)
    tile.peak[r] = peak
    tile.rest[r] = rest
    tile.excluded[r] = excluded if excluded > 0 else 0    # always a class


cdef void sum_short_row_kept(row_tile* tile, Py_ssize_t r, const real* x, real* e, const real* found) noexcept nogil:
    sum_short_row(tile, r, x, e, found, EXCLUDE_LABEL, True)


cdef void sum_short_row_summed(row_tile* tile, Py_ssize_t r, const real* x, const real* found) noexcept nogil:
    sum_short_row(tile, r, x, NULL, found, EXCLUDE_LABEL, False)


cdef void sum_short_row_kept_without_peak(row_tile* tile, Py_ssize_t r, const real* x, real* e,
                                          const real* found) noexcept nogil:
    sum_short_row(tile, r, x, e, found, EXCLUDE_PEAK, True)


cdef void sum_short_row_without_peak(row_tile* tile, Py_ssize_t r, const real* x, const real* found) noexcept nogil:
    sum_short_row(tile, r, x, NULL, found, EXCLUDE_PEAK, False)


cdef void sum_short_row_kept_without_any_peak(row_tile* tile, Py_ssize_t r, const real* x, real* e,
                                              const real* found) noexcept nogil:
    sum_short_row(tile, r, x, e, found, EXCLUDE_ANY_PEAK, True)


cdef void sum_short_row_without_any_peak(row_tile* tile, Py_ssize_t r, const real* x, const real* found) noexcept nogil:
    sum_short_row(tile, r, x, NULL, found, EXCLUDE_ANY_PEAK, False)


cdef inline const real* read_piece(const number_run* scores, Py_ssize_t start, Py_ssize_t n, real* buffer,
                                   real* top) noexcept nogil:
    """A block of a row, and its largest score."""
    if scores.x != NULL:
        top[0] = largest_of(scores.x + start, n)
        return scores.x + start
    top[0] = widen_block(scores.halves + start, n, buffer, scores.dtype)
    return buffer


cdef inline const real* widened_piece(const number_run* run, Py_ssize_t start, Py_ssize_t n,
                                      real* buffer) noexcept nogil:
    """A block of a row whose peak is not wanted."""
    if run.x != NULL:
        return run.x + start
    widen_block(run.halves + start, n, buffer, run.dtype)
    return buffer


cdef real peak_of_row(const number_run* scores, Py_ssize_t n, real* buffer) noexcept nogil:
    """The largest score; -inf where there is none. The buffer is for a block."""
    cdef real top, peak = -INFINITY
    cdef Py_ssize_t start
    if scores.x != NULL:
        return largest_of(scores.x, n)
    if find_near_peak(scores.halves, n, scores.dtype, &peak):
        return peak
    peak = -INFINITY
    for start from 0 <= start < n by ROW_BLOCK:
        read_piece(scores, start, min(n - start, <Py_ssize_t> ROW_BLOCK), buffer, &top)
        peak = top if top > peak else peak
    return peak


cdef void sum_short(row_tile* tile, Py_ssize_t r, const number_run* scores, real* buffer, real* e, int exclude,
                    bint keep) noexcept nogil:
    cdef real top
    cdef const real* found = NULL if scores.x != NULL else &top
    cdef const real* x = scores.x if scores.x != NULL else read_piece(scores, 0, tile.classes, buffer, &top)
    if exclude == EXCLUDE_LABEL and keep:
        sum_short_row_kept(tile, r, x, e, found)
    elif exclude == EXCLUDE_LABEL:
        sum_short_row_summed(tile, r, x, found)
    elif exclude == EXCLUDE_ANY_PEAK and keep:
        sum_short_row_kept_without_any_peak(tile, r, x, e, found)
    elif exclude == EXCLUDE_ANY_PEAK:
        sum_short_row_without_any_peak(tile, r, x, found)
    elif keep:
        sum_short_row_kept_without_peak(tile, r, x, e, found)
    else:
        sum_short_row_without_peak(tile, r, x, found)


cdef void set_ahead(row_tile* tile, const number_run* scores, const array_view* out, Py_ssize_t place,
                    Py_ssize_t row) noexcept nogil:
    """What to prefetch while a row is summed whose result will be written from `place` on. As much is prefetched as
    float32 has, which is the halves of two rows or blocks. So it is by turns the scores that follow, and where results
    will be written: they are written in a burst, which would wait for memory."""
    cdef Py_ssize_t n = tile.classes
    tile.ahead = place_of(scores, n)
    tile.result = NULL
    if scores.x == NULL and out != NULL and out.data != NULL and not out.direct:
        tile.result = halves_of(out, place, n)
        if tile.result != NULL and n <= SHORT_ROW and row % 2 == 1:
            tile.ahead = <const real*> tile.result


cdef inline Py_ssize_t place_of_peak(const number_run* scores, const real* x, Py_ssize_t start, Py_ssize_t n,
                                     real peak) noexcept nogil:
    """The first place of a block's peak in it; x is NULL for halves that are near their peak."""
    return first_place_of(x, n, peak) if x != NULL else first_half_of(scores.halves + start, n, scores.dtype, peak)


cdef inline double sum_halves(const number_run* scores, Py_ssize_t start, Py_ssize_t n, Py_ssize_t excluded, real peak,
                              real* excluded_term, const real* ahead) noexcept nogil:
    """exp_block_summed() of a block of halves that are near their peak."""
    if excluded >= 0:
        excluded_term[0] = r_exp(number_of(scores, start + excluded) - peak)
    return exp_near_halves(scores.halves + start, n, scores.dtype, excluded, peak, ahead)


cdef void sum_row(row_tile* tile, Py_ssize_t r, const number_run* scores, real* buffer, real* e, real* peaks,
                  int exclude, bint keep) noexcept nogil:
    """One row's peak, rest and excluded class; e too where it is kept, with each block's peak in `peaks`. The buffer
    is for a block of scores."""
    cdef Py_ssize_t n = tile.classes, start, size, excluded = -1, b = 0
    cdef double rest = 0, excluded_sum = 0, block_rest
    cdef real top, peak = -INFINITY, excluded_term
    cdef const real* x
    cdef const real* ahead
    cdef bint replaces, halved = HAS_WIDE and scores.x == NULL and not keep
    if LANES <= n <= SHORT_ROW:
        sum_short(tile, r, scores, buffer, e, exclude, keep)
        return
    tile.score[r] = number_of(scores, tile.label[r])
    tile.excluded[r] = tile.label[r] if exclude == EXCLUDE_LABEL else 0
    for start from 0 <= start < n by ROW_BLOCK:
        x = NULL
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        if not halved or not find_near_peak(scores.halves + start, size, scores.dtype, &top):
            x = read_piece(scores, start, size, buffer, &top)
        ahead = place_of(scores, start + size) if start + size < n else tile.ahead
        if tile.result != NULL and start // ROW_BLOCK % 2 == 1:
            ahead = <const real*> (tile.result + start - ROW_BLOCK)
        if exclude != EXCLUDE_LABEL:
            excluded = place_of_peak(scores, x, start, size, top)
            replaces = top > peak or start == 0
            if replaces:
                tile.excluded[r] = start + (excluded if excluded > 0 else 0)    # always a class
        else:
            replaces = start <= tile.label[r] < start + size
            excluded = tile.label[r] - start if replaces else -1
        excluded_term = 0
        if x == NULL:
            block_rest = sum_halves(scores, start, size, excluded, top, &excluded_term, ahead)
        elif keep:
            block_rest = exp_block_kept(x, e + start, size, excluded, top, &excluded_term, ahead)
            peaks[b] = top
            b += 1
        else:
            block_rest = exp_block_summed(x, size, excluded, top, &excluded_term, ahead)
        if n <= ROW_BLOCK:
            rest = block_rest
            peak = top
        else:
            merge(&rest, &excluded_sum, &peak, block_rest, excluded_term, top, replaces)
    tile.peak[r] = peak
    tile.rest[r] = <real> rest


cdef void multiply(real_p e, Py_ssize_t n, real factor) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        e[i] = e[i] * factor


cdef void scale_row(real* e, Py_ssize_t n, const real* peaks, real peak, real factor) noexcept nogil:
    """e * factor, every block relative to the row's peak."""
    cdef Py_ssize_t start, b = 0
    if n <= ROW_BLOCK:   # `peaks` is not set
        multiply(e, n, factor)
        return
    for start from 0 <= start < n by ROW_BLOCK:
        multiply(e + start, min(n - start, <Py_ssize_t> ROW_BLOCK), factor * block_factor(peaks[b], peak))
        b += 1


cdef void store_scaled_row(const array_view* out, Py_ssize_t place, real* e, Py_ssize_t n, const real* peaks,
                           real peak, real factor) noexcept nogil:
    """The same, stored from `place` on; e is there already if `out` is of the kernel's type."""
    cdef uint16_t* halves = NULL if out.direct else <uint16_t*> halves_of(out, place, n)
    cdef Py_ssize_t start, b = 0
    if halves == NULL:
        scale_row(e, n, peaks, peak, factor)
        store_block(out, place, n, e)
        return
    if n <= ROW_BLOCK:   # `peaks` is not set
        narrow_block(e, n, factor, halves, out.dtype)
        return
    for start from 0 <= start < n by ROW_BLOCK:
        narrow_block(e + start, min(n - start, <Py_ssize_t> ROW_BLOCK), factor * block_factor(peaks[b], peak),
                     halves + start, out.dtype)
        b += 1


cdef void fill(real* target, Py_ssize_t n, real value) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = value
