"""Rows with one label each: its log-probability and rank, the best class, the entropy. Included after divergence.pxi.

    rest     the sum of e = exp(score - peak) over all classes but the best, which is the first of the largest
    moment   the sum of e (score - peak)
    above    how many classes rank above the label

With the best class's term t, 1 unless all scores are -inf, the log-probability is (score - peak) - log(rest + t), and
the entropy log(rest + t) - moment / (rest + t): all terms of either have one sign.

A NaN makes both NaN. In best and rank it counts as larger than any number, as in NumPy's argmax: such rows are read
once more.
"""

cdef extern from "rowwise/label_scores.h" nogil:
    real look_at_block(const number_run*, Py_ssize_t, Py_ssize_t, real*, Py_ssize_t, Py_ssize_t, real, Py_ssize_t*)
    void tile_moments(const real*, Py_ssize_t, Py_ssize_t, const real*, const xint*, real*, real*, const real*)
    bint has_nan(real_cp)
    void store_numbers(real*, real*, Py_ssize_t, const real*, const real*, const xint*)
    void store_classes(int64_t*, int64_t*, Py_ssize_t, const xint*, const xint*, const xint*)
    void add_moments(const real*, Py_ssize_t, Py_ssize_t, Py_ssize_t, real, const real*, double*, double*)

ctypedef struct RankedTile:     # rows, and what is known of them so far
    Py_ssize_t count
    xint label[TILE]            # always a class
    xint ignored[TILE]          # 0 or 1
    real score[TILE]            # of the label
    real peak[TILE]
    real rest[TILE]
    real moment[TILE]
    xint above[TILE]
    xint best[TILE]

ctypedef struct RankedRow:      # the same of one row, up to a block
    real peak
    double rest
    double moment
    Py_ssize_t above
    Py_ssize_t best


cdef void read_ranked_labels(const LabelScoresJob* job, RankedTile* tile, Py_ssize_t row) noexcept nogil:
    """What is no class by now is ignored, as label_or_none() says."""
    cdef Py_ssize_t k
    cdef int64_t label, ignore_index = job.ignore_index, classes = job.scores.classes
    cdef const int64_t* labels = job.labels + row
    for k in range(tile.count):
        label = label_or_none(labels + k, ignore_index, classes)
        tile.ignored[k] = label < 0
        tile.label[k] = <xint> label if label > 0 else 0
    for k in range(tile.count, TILE):
        tile.ignored[k] = 1
        tile.label[k] = 0


# ---- many classes: row after row ----

cdef void raise_peak(RankedRow* row, real top) noexcept nogil:
    """Makes a larger peak that of the sums, and the one before a class among the others."""
    cdef double factor, total
    if row.peak != -INFINITY:   # otherwise the sums are 0, or NaN
        factor = r_exp(row.peak - top)
        total = row.rest + 1
        row.moment = factor * (row.moment + total * (row.peak - top))
        row.rest = factor * total
    row.peak = top


cdef void scan_row(const number_run* scores, Py_ssize_t n, RankedTile* tile, Py_ssize_t k, real* buffer,
                   const real* after) noexcept nogil:
    """More than LANES classes; `after` is what to prefetch during the last block."""
    cdef RankedRow row
    cdef Py_ssize_t start, size, skipped, place, label, above, excluded
    cdef bint is_label
    cdef real top, score = number_of(scores, tile.label[k])
    cdef const real* x
    cdef const real* ahead
    row.peak = -INFINITY
    row.rest = 0
    row.moment = 0
    row.above = 0
    row.best = 0
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        skipped = max(LANES - size, 0)
        place = start - skipped
        ahead = place_of(scores, start + size) if start + size < n else after
        label = tile.label[k] - place
        x = scores.x + place if scores.x != NULL else buffer
        above = 0
        top = look_at_block(scores, place, size + skipped, buffer, skipped, label, score, &above)
        row.above += above
        excluded = -1
        if top > row.peak:
            # A label that no class of the block ranks above is the first of the largest.
            is_label = score == top and above == 0 and skipped <= label < size + skipped
            excluded = label if is_label else first_place_of(x, size + skipped, top)
            row.best = place + excluded
            raise_peak(&row, top)
        add_moments(x, size + skipped, skipped, excluded, reference_of(row.peak), ahead, &row.rest, &row.moment)
    tile.score[k] = score
    tile.peak[k] = row.peak
    tile.rest[k] = <real> row.rest
    tile.moment[k] = <real> row.moment
    tile.above[k] = <xint> row.above
    tile.best[k] = <xint> row.best


cdef void scan_rows(const LabelScoresJob* job, RankedTile* tile, Py_ssize_t row, real* buffer) noexcept nogil:
    cdef Py_ssize_t k, n = job.scores.classes
    cdef number_run scores
    for k in range(TILE):
        tile.score[k] = 0
        tile.peak[k] = 0
        tile.rest[k] = 0
        tile.moment[k] = 0
    for k in range(tile.count):
        scores = find_block(&job.scores.x, (row + k) * n, n, buffer)
        scan_row(&scores, n, tile, k, buffer, place_of(&scores, n))


# ---- few classes: rows across the vector lanes ----

cdef void lanes_rank(real_cp table, Py_ssize_t classes, real_cp peak, real_cp score, xint_cp label, xint_p best,
                     xint_p above) noexcept nogil:
    """From the last class to the first, so that the best is the first of the largest."""
    cdef Py_ssize_t c, k
    cdef real x
    for k in range(TILE):
        best[k] = 0
        above[k] = 0
    for c in range(classes - 1, -1, -1):
        for k in range(TILE):
            x = table[c * TILE + k]
            best[k] = <xint> c if x == peak[k] else best[k]
            above[k] += (x > score[k]) | ((x == score[k]) & (<xint> c < label[k]))


cdef void rank_tile(const LabelScoresJob* job, RankedTile* tile, Py_ssize_t row, real* scratch) noexcept nogil:
    cdef Py_ssize_t k, n = job.scores.classes
    cdef real* table = scratch + TILE * n
    cdef real reference[TILE]
    lanes_load(read_block(&job.scores.x, row * n, tile.count * n, scratch), tile.count, n, table)
    for k in range(TILE):
        tile.score[k] = table[tile.label[k] * TILE + k]
    lanes_peak(table, n, tile.peak)
    lanes_rank(table, n, tile.peak, tile.score, tile.label, tile.best, tile.above)
    for k in range(TILE):
        reference[k] = reference_of(tile.peak[k])
    tile_moments(table, n, STRIP, reference, tile.best, tile.rest, tile.moment,
                 ahead_of_tile(&job.scores.x, NULL, row, n, scratch))


# ---- the call ----

cdef void finish_ranked(const RankedTile* tile, real_p log_prob, real_p entropy) noexcept nogil:
    """NaN for a peak of +inf, as in cross_entropy, and for one of -inf: there is no distribution."""
    cdef Py_ssize_t k
    cdef real log_sum, peak_term, no_number
    for k in range(TILE):
        peak_term = peak_term_of(tile.peak[k])
        no_number = tile.peak[k] - tile.peak[k]     # 0; NaN of infinities
        log_sum = r_log1p(tile.rest[k] + (peak_term - R(1.0))) + no_number
        log_prob[k] = (tile.score[k] - tile.peak[k]) - log_sum
        entropy[k] = log_sum - tile.moment[k] / (tile.rest[k] + peak_term)


cdef void rank_with_nan(const LabelScoresJob* job, RankedTile* tile, Py_ssize_t row, Py_ssize_t k,
                        real* buffer) noexcept nogil:
    """best and rank of a row with NaN, from what they are without."""
    cdef Py_ssize_t n = job.scores.classes, start, size, i, first = -1, count = 0, before_label = 0
    cdef number_run scores = find_block(&job.scores.x, (row + k) * n, n, buffer)
    cdef const real* x
    cdef real top
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        x = read_piece(&scores, start, size, buffer, &top)
        for i in range(size):
            if x[i] != x[i]:
                first = start + i if first < 0 else first
                before_label += start + i < tile.label[k]
                count += 1
    if first >= 0:
        tile.best[k] = <xint> first
        tile.above[k] += <xint> (before_label if tile.score[k] != tile.score[k] else count)


cdef public exact_sum chunk_of_ranked_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    cdef LabelScoresJob* job = <LabelScoresJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.scores.rows), k
    cdef real log_prob[TILE]
    cdef real entropy[TILE]
    cdef RankedTile tile
    while row < stop:
        tile.count = min(<Py_ssize_t> TILE, stop - row)
        read_ranked_labels(job, &tile, row)
        if job.scores.classes <= FEW_CLASSES:
            rank_tile(job, &tile, row, scratch)
        else:
            scan_rows(job, &tile, row, scratch)
        finish_ranked(&tile, log_prob, entropy)
        if has_nan(tile.rest):
            for k in range(tile.count):
                if tile.rest[k] != tile.rest[k]:
                    rank_with_nan(job, &tile, row, k, scratch)
        store_numbers(<real*> job.log_prob + row, <real*> job.entropy + row, tile.count, log_prob, entropy,
                      tile.ignored)
        store_classes(job.rank + row, job.best + row, tile.count, tile.above, tile.best, tile.ignored)
        row += tile.count
    return NO_SUM


cdef public void plan_ranked_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef LabelScoresJob* job = <LabelScoresJob*> data
    cdef Py_ssize_t classes = job.scores.classes, scratch = classes
    job.chunk_rows = max(1, ROWS_CHUNK // classes)
    if classes <= FEW_CLASSES:
        job.chunk_rows = (job.chunk_rows + TILE - 1) // TILE * TILE
        scratch = 2 * TILE * classes
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = scratch * sizeof(real)
