"""D(p || q) of two rows of many classes, without derivatives: block by block, so that each score is read once from
memory. Included by divergence.pxi.

With p and q cut into blocks, the divergence is that of the blocks' own sums, plus each block's divergence within it,
times the block's share of p. None of these is negative. Within a block it comes from one of three loops, and which one
depends on nothing but the block:

    close   a sum over classes of parts of which none is negative, for log-ratios up to FL_CLOSE from their mean
    far     the mean of log p - log q as it stands, where that is large enough to keep its digits
    exact   the two passes of divergence_row.pxi, for everything else

The first needs one exponential a class, and that of the log-ratio, of which a polynomial is enough where all are small.
"""

cdef enum:
    PAIR_BLOCK = 1024       # classes of which both scores stay in the first-level cache

    CLOSE_PIECE = 512       # of them, that have small log-ratios or not

    SURELY_FAR = 2          # a divergence, guessed from some classes, with which to begin

    FARTHEST_PEAK = 100000  # from 0, so that classes 1,000 below it can fill up an edge

    SAMPLES = 2             # of a block, its first and its last LANES classes: they tell what to begin with

ctypedef struct PairBlock:
    PairRows rows
    Py_ssize_t n
    row_pair pair           # peaks of the block
    double y_sum
    double x_sum
    double log_ratio        # the logarithm of x_sum over y_sum
    double divergence       # within the block

ctypedef struct CloseSums:  # see lanes_close()
    real y_sum[LANES]
    real first[LANES]
    real beyond[LANES]
    real largest[LANES]

ctypedef struct BlockSums:  # what is kept of it
    real y_peak
    real x_peak
    real y_sum
    real x_sum
    real log_ratio
    real divergence


cdef void fill_edge(const PairBlock* b, real* y, real* x) noexcept nogil:
    """The last n % LANES scores of a block, filled up with classes whose exponentials are 0."""
    cdef Py_ssize_t i, whole = b.n - b.n % LANES
    for i in range(LANES):
        y[i] = b.rows.y[whole + i] if whole + i < b.n else b.pair.y_peak - R(1000.0)
        x[i] = b.rows.x[whole + i] if whole + i < b.n else b.pair.x_peak - R(1000.0)


cdef bint far_block(PairBlock* b) noexcept nogil:
    """Whether the result is exact: what is rounded away of the exponentials and log-ratios is small beside it."""
    cdef real y_sums[LANES]
    cdef real x_sums[LANES]
    cdef real means[LANES]
    cdef real y_edge[LANES]
    cdef real x_edge[LANES]
    cdef Py_ssize_t i, j, whole = b.n - b.n % LANES
    for i in range(LANES):
        y_sums[i] = 0
        x_sums[i] = 0
        means[i] = 0
    for j from 0 <= j < whole by LANES:
        prefetch_lanes(b.rows.y_ahead + j)
        prefetch_lanes(b.rows.x_ahead + j)
        lanes_far(b.rows.y + j, b.rows.x + j, b.pair.y_peak, b.pair.x_peak, y_sums, x_sums, means)
    if whole < b.n:
        fill_edge(b, y_edge, x_edge)
        lanes_far(y_edge, x_edge, b.pair.y_peak, b.pair.x_peak, y_sums, x_sums, means)
    b.y_sum = lanes_total(y_sums)
    b.x_sum = lanes_total(x_sums)
    b.log_ratio = r_log(<real> (b.x_sum / b.y_sum))
    b.divergence = lanes_total(means) / b.y_sum + b.log_ratio
    return b.divergence <= FL_LARGEST and 2 * b.divergence >= 1 + (b.log_ratio if b.log_ratio > 0 else -b.log_ratio)


cdef inline bint sum_piece(const PairBlock* b, Py_ssize_t start, Py_ssize_t stop, real shift, CloseSums* total,
                           const int kind) noexcept nogil:
    """Adds some of a block's classes, if `kind` of lanes_close() is right for them."""
    cdef CloseSums sums     # of its own: these stay in registers
    cdef Py_ssize_t j
    memset(&sums, 0, sizeof(sums))
    for j from start <= j < stop by LANES:
        prefetch_lanes(b.rows.y_ahead + j)
        prefetch_lanes(b.rows.x_ahead + j)
        lanes_close(b.rows.y + j, b.rows.x + j, b.pair.y_peak, shift, sums.y_sum, sums.first, sums.beyond,
                    sums.largest, kind)
    if kind == FL_SMALL and not lanes_top(sums.largest) < FL_NEAR:
        return False
    lanes_add(sums.y_sum, total.y_sum)
    lanes_add(sums.first, total.first)
    lanes_add(sums.beyond, total.beyond)
    lanes_max(sums.largest, total.largest)
    return True


cdef bint sum_small(const PairBlock* b, Py_ssize_t start, Py_ssize_t stop, real shift, CloseSums* sums) noexcept nogil:
    return sum_piece(b, start, stop, shift, sums, FL_SMALL)


cdef void sum_middle(const PairBlock* b, Py_ssize_t start, Py_ssize_t stop, real shift, CloseSums* sums) noexcept nogil:
    sum_piece(b, start, stop, shift, sums, FL_MIDDLE)


cdef void sum_careful(const PairBlock* b, Py_ssize_t start, Py_ssize_t stop, real shift,
                      CloseSums* sums) noexcept nogil:
    sum_piece(b, start, stop, shift, sums, FL_CAREFUL)


cdef void sum_close(const PairBlock* b, real shift, int kind, CloseSums* sums) noexcept nogil:
    """Of a whole block: by pieces while their log-ratios are small."""
    cdef real y_edge[LANES]
    cdef real x_edge[LANES]
    cdef Py_ssize_t start = 0, whole = b.n - b.n % LANES
    memset(sums, 0, sizeof(CloseSums))
    if kind == FL_SMALL:
        while start < whole and sum_small(b, start, min(start + CLOSE_PIECE, whole), shift, sums):
            start += CLOSE_PIECE
    if kind == FL_CAREFUL:
        sum_careful(b, 0, whole, shift, sums)
    elif start < whole:
        sum_middle(b, start, whole, shift, sums)
    if whole < b.n:
        fill_edge(b, y_edge, x_edge)
        lanes_close(y_edge, x_edge, b.pair.y_peak, shift, sums.y_sum, sums.first, sums.beyond, sums.largest,
                    FL_CAREFUL)


cdef inline real log_less(real t) noexcept nogil:
    """log(1 + t) - t"""
    return log_beyond_linear(t, 0) if R(-0.29) < t < R(0.41) else r_log1p(t) - t


cdef inline real mean_of_sample(const PairBlock* b, real* beyond, real* largest, const int kind) noexcept nogil:
    """Of the log-ratios, and of their parts beyond. The peak counts once, whose log-ratio is 0."""
    cdef CloseSums sums
    cdef Py_ssize_t k, step = (b.n // LANES - 1) * LANES
    cdef real weight = <real> b.n / (SAMPLES * LANES)
    memset(&sums, 0, sizeof(sums))
    for k in range(SAMPLES):    # the last are among them: masked classes are often at the end
        lanes_close(b.rows.y + k * step, b.rows.x + k * step, b.pair.y_peak, b.pair.apart, sums.y_sum, sums.first,
                    sums.beyond, sums.largest, kind)
    weight = weight / (weight * <real> lanes_total(sums.y_sum) + 1)
    beyond[0] = weight * <real> lanes_total(sums.beyond)
    largest[0] = lanes_top(sums.largest)
    return weight * <real> lanes_total(sums.first)


cdef bint is_offset(real shift, double beyond) noexcept nogil:
    """Whether what is rounded away of y - x, a part of `shift`, may count beside the mean of the log-ratios' squares.
    True of NaN, as from masked classes."""
    return not shift * shift <= 16 * beyond


cdef int look_at_sample(const PairBlock* b, real* shift) noexcept nogil:
    """Which loop to begin with, from some of the classes. `shift` is about the mean of y - x over p."""
    cdef real first, beyond, largest, divergence
    cdef int kind = FL_MIDDLE
    shift[0] = b.pair.apart
    if not r_abs(b.pair.y_peak) + r_abs(b.pair.x_peak) < FARTHEST_PEAK:
        return FL_EXACT
    if b.n < SAMPLES * LANES:
        return FL_MIDDLE
    first = mean_of_sample(b, &beyond, &largest, FL_MIDDLE)
    if first != first:
        kind = FL_CAREFUL
        first = mean_of_sample(b, &beyond, &largest, FL_CAREFUL)
    if not -FL_LARGEST <= first <= FL_LARGEST:
        return FL_EXACT
    if not largest < FL_CLOSE:
        return FL_FAR
    shift[0] += first
    divergence = beyond + log_less(beyond - first)
    if divergence >= SURELY_FAR:
        return FL_FAR
    if is_offset(shift[0], divergence):
        return FL_CAREFUL
    return FL_SMALL if kind == FL_MIDDLE and largest < FL_NEAR else kind


cdef bint finish_close(PairBlock* b, const CloseSums* sums, real shift) noexcept nogil:
    """Whether the result is exact: log-ratios are in range, and neither they nor their parts cancel."""
    cdef real moved = (b.pair.apart - shift) + b.pair.apart_low, t, less
    cdef double beyond
    b.y_sum = lanes_total(sums.y_sum)
    beyond = lanes_total(sums.beyond) / b.y_sum
    t = <real> (beyond - lanes_total(sums.first) / b.y_sum)    # the ratio of the sums, but for the shift, less 1
    less = log_less(t)
    b.x_sum = (b.y_sum + b.y_sum * t) * r_exp(moved)
    b.log_ratio = t + less + moved
    b.divergence = beyond + less
    return lanes_top(sums.largest) < FL_CLOSE and t > R(-0.5) and 4 * b.divergence >= beyond


cdef bint close_block(PairBlock* b, real shift, int kind) noexcept nogil:
    cdef CloseSums sums
    sum_close(b, shift, kind, &sums)
    if kind != FL_CAREFUL and is_offset(shift, lanes_total(sums.beyond) / lanes_total(sums.y_sum)):     # or NaN
        sum_close(b, shift, FL_CAREFUL, &sums)
    return finish_close(b, &sums, shift)


cdef void exact_block(PairBlock* b, real* terms) noexcept nogil:
    b.pair.tau = 1
    sum_pair(&b.pair, &b.rows, terms, b.n)
    b.y_sum = 1 / b.pair.y_inverse
    b.x_sum = 1 / b.pair.x_inverse
    b.log_ratio = b.pair.log_ratio
    b.divergence = forward_row(&b.pair, terms, NULL, b.n, 0)


cdef void divergence_of_block(PairBlock* b, real* terms) noexcept nogil:
    cdef real shift
    cdef int kind = look_at_sample(b, &shift)
    if kind == FL_FAR and far_block(b):
        return
    if kind != FL_EXACT and close_block(b, shift, FL_MIDDLE if kind == FL_FAR else kind):
        return
    if kind != FL_EXACT and kind != FL_FAR and not b.divergence < R(0.4) and far_block(b):
        return
    exact_block(b, terms)


cdef void set_block_terms(const row_pair* row, const BlockSums* b, real* terms) noexcept nogil:
    """A block as one class of its row: its terms, where lanes_pair() has those of a class."""
    cdef real e_y, e_x, gap
    pair_terms(b.y_peak, b.x_peak, row[0], &e_y, &e_x, &gap, True)
    gap = gap - b.log_ratio
    if b.y_sum == 0 or b.x_sum == 0:
        gap = R(0.0) if b.y_sum == b.x_sum else (-INFINITY if b.y_sum == 0 else INFINITY)
    terms[0] = r_term(b.y_sum, e_y)
    terms[LANES] = r_term(b.x_sum, e_x)
    terms[2 * LANES] = gap


cdef double within_blocks(const row_pair* row, const BlockSums* blocks, const real* terms, Py_ssize_t n) noexcept nogil:
    """The divergences within blocks, each times its share. Infinite where one is, however small its share."""
    cdef Py_ssize_t k
    cdef double total = 0
    for k in range(n):
        if blocks[k].y_sum != 0 and blocks[k].x_sum != 0:
            if blocks[k].divergence > FL_LARGEST:
                total += blocks[k].divergence
            else:
                total += <double> terms[k // LANES * 3 * LANES + k % LANES] * row.y_inverse * blocks[k].divergence
    return total


cdef double divergence_of_blocks(const BlockSums* blocks, Py_ssize_t n, real* terms) noexcept nogil:
    """The row's divergence from its blocks."""
    cdef Py_ssize_t k, size = (n + LANES - 1) // LANES * LANES
    cdef row_pair row
    cdef real y_peak = -INFINITY, x_peak = -INFINITY
    cdef real* at
    cdef double y_sum = 0, x_sum = 0, excess = 0
    for k in range(n):
        y_peak = blocks[k].y_peak if blocks[k].y_peak > y_peak and blocks[k].y_sum != 0 else y_peak
        x_peak = blocks[k].x_peak if blocks[k].x_peak > x_peak and blocks[k].x_sum != 0 else x_peak
    row.tau = 1
    set_peaks(&row, reference_of(y_peak), reference_of(x_peak))
    fill(terms, 3 * size, 0)
    for k in range(n):
        at = terms + k // LANES * 3 * LANES + k % LANES
        set_block_terms(&row, &blocks[k], at)
        y_sum += at[0]
        x_sum += at[LANES]
        excess += excess_of(at[0], at[LANES], at[2 * LANES])
    set_sums(&row, <real> y_sum, <real> x_sum, <real> excess)
    return forward_row(&row, terms, NULL, n, 0) + within_blocks(&row, blocks, terms, n)


cdef inline BlockSums* blocks_of_row(real* scratch, Py_ssize_t n) noexcept nogil:
    """Where the sums of a row's blocks are kept: after both rows and the terms of a block."""
    return <BlockSums*> (scratch + 2 * n + 3 * min(n, <Py_ssize_t> PAIR_BLOCK) + 3 * LANES)


cdef double divergence_by_blocks(const number_run* y, const number_run* x, Py_ssize_t n, real* scratch) noexcept nogil:
    """D(p || q) of two rows, and the sums of their blocks."""
    cdef Py_ssize_t start, k = 0
    cdef real* terms = scratch + 2 * n
    cdef BlockSums* blocks = blocks_of_row(scratch, n)
    cdef real y_peak, x_peak
    cdef PairBlock b
    b.divergence = 0
    for start from 0 <= start < n by PAIR_BLOCK:
        b.n = min(n - start, <Py_ssize_t> PAIR_BLOCK)
        b.rows.y = read_piece(y, start, b.n, scratch, &y_peak)
        b.rows.x = read_piece(x, start, b.n, scratch + n, &x_peak)
        b.rows.y_ahead = place_of(y, start + b.n)
        b.rows.x_ahead = place_of(x, start + b.n)
        set_peaks(&b.pair, reference_of(y_peak), reference_of(x_peak))
        divergence_of_block(&b, terms)
        blocks[k] = BlockSums(b.pair.y_peak, b.pair.x_peak, <real> b.y_sum, <real> b.x_sum, <real> b.log_ratio,
                              <real> b.divergence)
        k += 1
    if n <= PAIR_BLOCK:
        return b.divergence
    return divergence_of_blocks(blocks, k, <real*> (blocks + k))
