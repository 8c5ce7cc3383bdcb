"""Rows of class scores: the passes that every softmax-based loss shares.

    C   classes, the length of a row
    e   exp(score - peak), kept where the gradient will be
    S   sum of e over a row

A row's probability distribution is e / S. So that a confident row keeps its digits, S is held as `rest` + `spared`:
`spared` is the term of one class, the label or the most likely one, and `rest` the sum of all others. Then
1 - p(label) = rest / S and -log p(label) = log1p(rest / spared) are exact to rounding even at 1e-9, where 1 - p
computed from p would be 0.

Long rows go in blocks with a peak of their own, so that one pass over memory serves; e is brought to the row's peak
by one factor a block when it is scaled.

This file is included, not imported: plain functions stay functions, which keeps the compiler's registers for the
loop at hand. `cdef inline` is binding in this project, and so for small pieces and for those with constant flags.
"""

cdef extern from "core/transpose.h" nogil:
    enum:
        TILE "FL_TILE"
    void lanes_load(const real*, Py_ssize_t, Py_ssize_t, real*)
    void lanes_store(const real*, Py_ssize_t, Py_ssize_t, real*)

cdef enum:
    LANES = 16          # independent partial sums: vector code without reordering, the same everywhere
    ROW_BLOCK = 2048    # scores that stay in the first-level cache with their e
    SHORT = 1024        # classes of a row whose sum needs no blocks
    NARROW = 128        # up to so many classes, rows lie across the vector lanes
    STRIP = 16          # classes that are summed by themselves there: long sums of float32 lose digits

cdef enum:              # which class a row's sum leaves out
    SPARE_LABEL
    SPARE_PEAK          # the first of the largest
    SPARE_A_PEAK        # any one of the largest: `spared` is not set

ctypedef struct Tile:
    Py_ssize_t count        # rows in this tile
    Py_ssize_t classes
    const real* ahead       # scores that will be read after the row at hand
    Py_ssize_t label[TILE]    # always a class, also where the row is ignored or unused
    bint ignored[TILE]
    Py_ssize_t spared[TILE]   # the class whose term `rest` leaves out
    real weight[TILE]
    real peak[TILE]
    real rest[TILE]
    real score[TILE]          # of the label
    real loss[TILE]
    real inverse[TILE]        # 1 / S
    real miss[TILE]           # 1 - p(label)
    real slope[TILE]          # -d loss / d log p(label), times weight
    real bend[TILE]           # d2 loss / d log p(label)^2, times weight


cdef real block_peak(real_cp x, Py_ssize_t n) noexcept nogil:
    """The largest score; -inf where there is none. NaN is left to the sum."""
    cdef real lane[LANES]
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for i in range(LANES):
        lane[i] = -INFINITY
    for j from 0 <= j < whole by LANES:
        lanes_max(x + j, lane)
    for j in range(whole, n):
        lane[j - whole] = x[j] if x[j] > lane[j - whole] else lane[j - whole]
    return lanes_top(lane)


cdef Py_ssize_t find_peak(real_cp x, Py_ssize_t n, real peak) noexcept nogil:
    """The first place of `peak`; 0 if it is nowhere (NaN)."""
    cdef Py_ssize_t i, j, whole = n - n % LANES
    for j from 0 <= j < whole by LANES:
        if lanes_find(x + j, peak):
            for i in range(LANES):
                if x[j + i] == peak:
                    return j + i
    for j in range(whole, n):
        if x[j] == peak:
            return j
    return 0


cdef void exp_edge(const real* x, real* e, real* total, Py_ssize_t n, Py_ssize_t spared, real reference,
                   real* spared_term, bint keep) noexcept nogil:
    """Up to LANES scores, one of which may be spared: padded with -inf to full width."""
    cdef real padded[LANES]
    cdef real term[LANES]
    cdef real alone = 0
    cdef Py_ssize_t i
    for i in range(LANES):
        padded[i] = x[i] if i < n else -INFINITY
    if spared >= 0:
        alone = padded[spared]
        padded[spared] = -INFINITY
    lanes_exp(padded, term, total, reference, True)
    if spared >= 0:
        term[spared] = r_exp(alone - reference)
        spared_term[0] = term[spared]
    if keep:
        for i in range(n):
            e[i] = term[i]


cdef inline double exp_block(const real* x, real* e, Py_ssize_t n, Py_ssize_t spared, real peak, real* spared_term,
                             const real* ahead, const bint keep) noexcept nogil:
    """e of a block, and their sum without the spared one (none where spared < 0)."""
    cdef real total[LANES]
    cdef real reference = 0 if peak == -INFINITY else peak
    cdef Py_ssize_t i, j, whole = n - n % LANES
    cdef Py_ssize_t edge = spared - spared % LANES if spared >= 0 else whole
    for i in range(LANES):
        total[i] = 0
    for j from 0 <= j < min(edge, whole) by LANES:
        lanes_ask(ahead + j)
        lanes_exp(x + j, e + j, total, reference, keep)
    if edge < whole:
        exp_edge(x + edge, e + edge, total, LANES, spared - edge, reference, spared_term, keep)
        for j from edge + LANES <= j < whole by LANES:
            lanes_ask(ahead + j)
            lanes_exp(x + j, e + j, total, reference, keep)
    if whole < n:
        exp_edge(x + whole, e + whole, total, n - whole, spared - whole if spared >= whole else -1, reference,
                 spared_term, keep)
    return lanes_total(total)


cdef double exp_block_kept(const real* x, real* e, Py_ssize_t n, Py_ssize_t spared, real peak, real* spared_term,
                           const real* ahead) noexcept nogil:
    return exp_block(x, e, n, spared, peak, spared_term, ahead, True)


cdef double exp_block_summed(const real* x, Py_ssize_t n, Py_ssize_t spared, real peak, real* spared_term,
                             const real* ahead) noexcept nogil:
    return exp_block(x, NULL, n, spared, peak, spared_term, ahead, False)


cdef inline real block_factor(real peak_of_block, real peak_of_row) noexcept nogil:
    """What brings a block's e to the row's peak."""
    return 0 if peak_of_block == -INFINITY else r_exp(peak_of_block - peak_of_row)


cdef void merge(double* rest, double* spared, real* peak, double block_rest, double block_spared,
                real block_top, bint take) noexcept nogil:
    """Adds a block's sum to a row's. `take`: the block's spared term becomes the row's."""
    cdef real top = block_top if block_top > peak[0] else peak[0]
    cdef double old = block_factor(peak[0], top), new = block_factor(block_top, top)
    if take:
        rest[0] = old * (rest[0] + spared[0]) + new * block_rest
        spared[0] = new * block_spared
    else:
        rest[0] = old * rest[0] + new * (block_rest + block_spared)
        spared[0] = old * spared[0]
    peak[0] = top


cdef inline void sum_short_row(Tile* tile, Py_ssize_t r, const real* x, real* e, const int spare,
                               const bint keep) noexcept nogil:
    """sum_row for LANES to SHORT classes. No number is read soon after a narrower one beside it was written: the
    processor would wait for that. So the last, ragged group is read together with some of the one before."""
    cdef Py_ssize_t i, j, edge, n = tile.classes, whole = n - n % LANES
    cdef real lane[LANES]
    cdef real total[LANES]
    cdef real count[LANES]
    cdef real tail[LANES]
    cdef real peak, reference, rest
    cdef xint spared = <xint> tile.label[r], first = <xint> (LANES - n % LANES)
    cdef const real* ahead = tile.ahead
    for i in range(LANES):
        lane[i] = -INFINITY
        total[i] = 0
        count[i] = 0
    for j from 0 <= j < whole by LANES:
        lanes_max(x + j, lane)
    if whole < n:
        lanes_max(x + n - LANES, lane)
    peak = lanes_top(lane)
    reference = 0 if peak == -INFINITY else peak
    tile.score[r] = x[tile.label[r]]
    if spare == SPARE_PEAK:
        spared = <xint> find_peak(x, n, peak)
    # The tail first: its scores may be overwritten by the rest.
    if whole < n:
        if spare == SPARE_A_PEAK:
            lanes_exp_below(x + n - LANES, tail, total, count, reference, first, True)
        else:
            lanes_exp_sparing(x + n - LANES, tail, total, reference, spared - <xint> (n - LANES), first, True)
    if spare == SPARE_A_PEAK:
        for j from 0 <= j < whole by LANES:
            lanes_ask(ahead + j)
            lanes_exp_below(x + j, e + j, total, count, reference, 0, keep)
    elif n < 256:
        for j from 0 <= j < whole by LANES:
            lanes_ask(ahead + j)
            lanes_exp_sparing(x + j, e + j, total, reference, spared - <xint> j, 0, keep)
    else:   # long enough to pay for the branches that leave the spared class's group alone
        edge = min(<Py_ssize_t> spared // LANES * LANES, whole)
        for j from 0 <= j < edge by LANES:
            lanes_ask(ahead + j)
            lanes_exp(x + j, e + j, total, reference, keep)
        if edge < whole:
            lanes_exp_sparing(x + edge, e + edge, total, reference, spared - <xint> edge, 0, keep)
        for j from edge + LANES <= j < whole by LANES:
            lanes_ask(ahead + j)
            lanes_exp(x + j, e + j, total, reference, keep)
    if keep:
        for j in range(whole, n):
            e[j] = tail[j - n + LANES]
    rest = <real> lanes_total(total)
    if spare == SPARE_A_PEAK:
        rest += r_atleast(lanes_count(count) - 1, 0)
    tile.peak[r] = peak
    tile.rest[r] = rest
    tile.spared[r] = spared


cdef void sum_short_row_kept(Tile* tile, Py_ssize_t r, const real* x, real* e) noexcept nogil:
    sum_short_row(tile, r, x, e, SPARE_LABEL, True)


cdef void sum_short_row_summed(Tile* tile, Py_ssize_t r, const real* x) noexcept nogil:
    sum_short_row(tile, r, x, NULL, SPARE_LABEL, False)


cdef void sum_short_row_curved(Tile* tile, Py_ssize_t r, const real* x, real* e) noexcept nogil:
    sum_short_row(tile, r, x, e, SPARE_PEAK, True)


cdef void sum_short_row_spared(Tile* tile, Py_ssize_t r, const real* x) noexcept nogil:
    sum_short_row(tile, r, x, NULL, SPARE_PEAK, False)


cdef void softmax_short_row(Tile* tile, Py_ssize_t r, const real* x, real* e) noexcept nogil:
    sum_short_row(tile, r, x, e, SPARE_A_PEAK, True)


cdef void logsumexp_short_row(Tile* tile, Py_ssize_t r, const real* x) noexcept nogil:
    sum_short_row(tile, r, x, NULL, SPARE_A_PEAK, False)


cdef void sum_row(Tile* tile, Py_ssize_t r, const real* x, real* e, real* peaks, int spare, bint keep) noexcept nogil:
    """One row's peak, rest and spared class; e too where it is kept, with each block's peak in `peaks`."""
    cdef Py_ssize_t n = tile.classes, start, size, spared = -1, b = 0
    cdef double rest = 0, spared_sum = 0, block_rest
    cdef real top, peak = -INFINITY, spared_term
    cdef const real* ahead
    cdef bint take
    if LANES <= n <= SHORT:
        if spare == SPARE_LABEL and keep:
            sum_short_row_kept(tile, r, x, e)
        elif spare == SPARE_LABEL:
            sum_short_row_summed(tile, r, x)
        elif spare == SPARE_A_PEAK and keep:
            softmax_short_row(tile, r, x, e)
        elif spare == SPARE_A_PEAK:
            logsumexp_short_row(tile, r, x)
        elif keep:
            sum_short_row_curved(tile, r, x, e)
        else:
            sum_short_row_spared(tile, r, x)
        return
    tile.score[r] = x[tile.label[r]]
    tile.spared[r] = tile.label[r] if spare == SPARE_LABEL else 0
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        ahead = x + start + size if start + size < n else tile.ahead
        top = block_peak(x + start, size)
        if spare != SPARE_LABEL:
            spared = find_peak(x + start, size, top)
            take = top > peak or start == 0
            if take:
                tile.spared[r] = start + spared
        else:
            spared = tile.label[r] - start
            take = 0 <= spared < size
            if not take:
                spared = -1
        spared_term = 0
        if keep:
            block_rest = exp_block_kept(x + start, e + start, size, spared, top, &spared_term, ahead)
            peaks[b] = top
            b += 1
        else:
            block_rest = exp_block_summed(x + start, size, spared, top, &spared_term, ahead)
        if n <= ROW_BLOCK:
            rest = block_rest
            peak = top
        else:
            merge(&rest, &spared_sum, &peak, block_rest, spared_term, top, take)
    tile.peak[r] = peak
    tile.rest[r] = <real> rest


cdef void multiply(real_p e, Py_ssize_t n, real factor) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        e[i] = e[i] * factor


cdef void scale_row(real* e, Py_ssize_t n, const real* peaks, real peak, real factor) noexcept nogil:
    """e * factor, every block brought to the row's peak."""
    cdef Py_ssize_t start, b = 0
    if n <= ROW_BLOCK:   # `peaks` is not set
        multiply(e, n, factor)
        return
    for start from 0 <= start < n by ROW_BLOCK:
        multiply(e + start, min(n - start, <Py_ssize_t> ROW_BLOCK), factor * block_factor(peaks[b], peak))
        b += 1


cdef void fill(real* target, Py_ssize_t n, real value) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        target[i] = value


cdef inline void softmax_short(const real* x, real* out, Py_ssize_t n, real scale, real* peak_out, real* rest_out,
                               const bint keep) noexcept nogil:
    """A row of up to NARROW scores at once: its softmax times `scale`, its peak, and the sum of e without one peak."""
    cdef real row[NARROW]
    cdef real e[NARROW]
    cdef real lane[LANES]
    cdef real total[LANES]
    cdef xint peaks[LANES]
    cdef real peak, reference, term, rest, factor
    cdef xint count = 0
    cdef Py_ssize_t i, j, padded = (n + LANES - 1) // LANES * LANES
    for i in range(n):
        row[i] = x[i]
    for i in range(n, padded):
        row[i] = -INFINITY
    for i in range(LANES):
        lane[i] = -INFINITY
        total[i] = 0
        peaks[i] = 0
    for j from 0 <= j < padded by LANES:
        lanes_max(row + j, lane)
    peak = lanes_top(lane)
    reference = 0 if peak == -INFINITY else peak
    for j from 0 <= j < padded by LANES:
        for i in range(LANES):
            term = r_exp(row[j + i] - reference)
            e[j + i] = term
            total[i] += R(0.0) if row[j + i] == reference else term
            peaks[i] += row[j + i] == reference
    for i in range(LANES):
        count += peaks[i]
    rest = <real> lanes_total(total) + (count - 1 if count > 0 else 0)
    peak_out[0] = peak
    rest_out[0] = rest
    if keep:
        factor = scale / (rest + R(1.0) if count > 0 else rest)
        for i in range(n):
            out[i] = e[i] * factor


cdef void softmax_short_kept(const real* x, real* out, Py_ssize_t n, real scale, real* peak, real* rest) noexcept nogil:
    softmax_short(x, out, n, scale, peak, rest, True)


cdef void softmax_short_summed(const real* x, Py_ssize_t n, real* peak, real* rest) noexcept nogil:
    softmax_short(x, NULL, n, 1, peak, rest, False)


# ---- few classes: rows across the lanes; table[c][k] is class c of row k ----

cdef void lanes_sum(Tile* tile, real_p table, bint spare_peak) noexcept nogil:
    """sum_row for the whole tile; the table's scores become e."""
    cdef Py_ssize_t c, k, start, classes = tile.classes
    cdef real part[TILE]
    cdef real peak[TILE]
    cdef real reference[TILE]
    cdef real rest[TILE]
    cdef xint spared[TILE]
    cdef real term
    for k in range(TILE):
        peak[k] = -INFINITY
        rest[k] = 0
        spared[k] = 0
    for c in range(classes):
        if spare_peak:
            for k in range(TILE):
                spared[k] = <xint> c if table[c * TILE + k] > peak[k] else spared[k]
            for k in range(TILE):
                peak[k] = table[c * TILE + k] if table[c * TILE + k] > peak[k] else peak[k]
        else:
            for k in range(TILE):
                peak[k] = table[c * TILE + k] if table[c * TILE + k] > peak[k] else peak[k]
    for k in range(TILE):
        tile.score[k] = table[tile.label[k] * TILE + k]
    if not spare_peak:
        for k in range(TILE):
            spared[k] = <xint> tile.label[k]
    for k in range(TILE):
        reference[k] = 0 if peak[k] == -INFINITY else peak[k]
    for start from 0 <= start < classes by STRIP:
        for k in range(TILE):
            part[k] = 0
        for c in range(start, min(start + STRIP, classes)):
            for k from 0 <= k < TILE by LANES:
                lanes_ask(tile.ahead + c * TILE + k)
            for k in range(TILE):
                term = r_exp(table[c * TILE + k] - reference[k])
                table[c * TILE + k] = term
                part[k] += 0 if spared[k] == <xint> c else term
        for k in range(TILE):
            rest[k] += part[k]
    for k in range(TILE):
        tile.peak[k] = peak[k]
        tile.rest[k] = rest[k]
        tile.spared[k] = spared[k]


cdef void lanes_multiply(real_p table, Py_ssize_t classes, real_cp factor) noexcept nogil:
    cdef Py_ssize_t c, k
    for c in range(classes):
        for k in range(TILE):
            table[c * TILE + k] *= factor[k]


# ---- from sums to loss, slope and bend; `focal` and `gamma_kind` are constants of the call ----

cdef inline void label_head(Tile* tile, const bint focal, real gamma, const int gamma_kind,
                            const bint bent) noexcept nogil:
    """Loss, slope and bend (where `bent`) of every row of the tile from peak, rest and the label's score.

    With p = p(label), q = 1 - p, c = -log p the focal loss is q^gamma c; its slope is
    q^gamma (1 + gamma p c / q), which is 1 for gamma = 0. Where q is 0, c / q is 1.
    """
    cdef Py_ssize_t k
    cdef real label_term, total, inverse, p, q, c, pc, raised, weight, safe
    for k in range(TILE):
        weight = tile.weight[k]
        label_term = r_exp(tile.score[k] - tile.peak[k])
        total = tile.rest[k] + label_term
        inverse = R(1.0) / total
        c = (tile.peak[k] - tile.score[k]) + r_log1p(tile.rest[k] + (label_term - R(1.0)))
        q = tile.rest[k] * inverse
        tile.inverse[k] = inverse
        tile.miss[k] = q
        if not focal:
            tile.loss[k] = weight * (r_atmost(c, FL_LARGEST) if weight == 0 else c)   # 0 times infinity is 0
            tile.slope[k] = weight
        else:
            p = label_term * inverse
            pc = R(0.0) if p == 0 else p * c
            raised = power(q, gamma, gamma_kind)
            safe = q if q > FL_SMALLEST else (FL_SMALLEST if q <= FL_SMALLEST else q)
            tile.loss[k] = weight * raised * (r_atmost(c, FL_LARGEST) if weight == 0 else c)
            tile.slope[k] = weight * raised * (R(1.0) + gamma * (R(1.0) if q == 0 else pc / safe))
            if bent:
                tile.bend[k] = weight * gamma * (raised / safe) * (
                    R(2.0) * p - pc + (gamma - R(1.0)) * p * (R(1.0) if q == 0 else pc / safe))
