"""Two models side by side: of each pair of rows the divergence, whether the best class is the same, and the label's
cross-entropy in both. Included after divergence.pxi.

The divergence is that of divergence_blocks.pxi. Best class and cross-entropy follow from the peaks and sums of its
blocks. The block that has the best class is looked at once more, in the cache, and so is that of a likely label: a
row's sum without the label's term is then that of the other blocks, and of this one without it.
"""

cdef inline real peak_in(const BlockSums* block, bint of_target) noexcept nogil:
    """A block's peak in one of the rows; of a block of -inf alone the sums have 0."""
    cdef real total = block.y_sum if of_target else block.x_sum
    return -INFINITY if total == 0 else block.y_peak if of_target else block.x_peak


cdef Py_ssize_t block_of_best(const BlockSums* blocks, Py_ssize_t count, bint of_target) noexcept nogil:
    """The first of those that have the row's peak."""
    cdef Py_ssize_t k, best = 0
    for k in range(1, count):
        if peak_in(blocks + k, of_target) > peak_in(blocks + best, of_target):
            best = k
    return best


cdef inline const real* read_block_of_row(const number_run* scores, Py_ssize_t n, Py_ssize_t block, real* buffer,
                                          Py_ssize_t* size, real* top) noexcept nogil:
    cdef Py_ssize_t start = block * PAIR_BLOCK
    size[0] = min(n - start, <Py_ssize_t> PAIR_BLOCK)
    return read_piece(scores, start, size[0], buffer, top)


cdef Py_ssize_t best_class(const number_run* scores, Py_ssize_t n, const BlockSums* blocks, Py_ssize_t block,
                           real* buffer) noexcept nogil:
    """The first of the largest scores of a row, which lies in that block; none where all are NaN."""
    cdef Py_ssize_t size
    cdef real top
    cdef const real* x = read_block_of_row(scores, n, block, buffer, &size, &top)
    return block * PAIR_BLOCK + first_place_of(x, size, top)


cdef double sum_without_label(const number_run* scores, Py_ssize_t n, real peak, Py_ssize_t label,
                              real* buffer) noexcept nogil:
    """Of the label's block, of which one exponential is left out: no difference."""
    cdef Py_ssize_t size
    cdef real top, excluded_term
    cdef const real* x = read_block_of_row(scores, n, label // PAIR_BLOCK, buffer, &size, &top)
    return exp_block_summed(x, size, label % PAIR_BLOCK, top, &excluded_term, x) * block_factor(top, peak)


cdef void set_label(row_tile* tile, Py_ssize_t k, const number_run* scores, const BlockSums* blocks, Py_ssize_t count,
                    real peak, Py_ssize_t label, bint of_target, real* buffer) noexcept nogil:
    """Row k of a tile: one of the two rows, with its label."""
    cdef Py_ssize_t own = label // PAIR_BLOCK, b
    cdef real score = number_of(scores, label)
    cdef double term = r_exp(score - peak), of_own = 0, others = 0, share
    for b in range(count):
        share = block_factor(peak_in(blocks + b, of_target), peak) * (blocks[b].y_sum if of_target else blocks[b].x_sum)
        if b == own:
            of_own = share - term
        else:
            others += share
    if not others + of_own >= term:     # a likely label: the difference has no digits
        of_own = sum_without_label(scores, tile.classes, peak, label, buffer)
    tile.score[k] = score
    tile.peak[k] = peak
    tile.rest[k] = <real> (others + of_own)


cdef void compare_row(const ComparisonJob* job, Py_ssize_t row, Py_ssize_t label, row_tile* tile, Py_ssize_t k,
                      real* scratch) noexcept nogil:
    """Divergence and best class of a row; unless the label is below 0, rows k and k + 1 of the tile are set."""
    cdef Py_ssize_t n = job.scores.classes, count = (n + PAIR_BLOCK - 1) // PAIR_BLOCK, of_y, of_x
    cdef const BlockSums* blocks = blocks_of_row(scratch, n)
    cdef number_run y = find_block(&job.target, row * n, n, scratch)
    cdef number_run x = find_block(&job.scores.x, row * n, n, scratch + n)
    cdef double divergence = divergence_by_blocks(&y, &x, n, scratch)
    of_y = block_of_best(blocks, count, True)
    of_x = block_of_best(blocks, count, False)
    job.divergence[row] = divergence
    job.found[row] = ROW_COUNTS
    if divergence == divergence and (best_class(&y, n, blocks, of_y, scratch)
                                     == best_class(&x, n, blocks, of_x, scratch + n)):
        job.found[row] = ROW_COUNTS | ROW_AGREES
    if label >= 0:
        set_label(tile, k, &y, blocks, count, peak_in(blocks + of_y, True), label, True, scratch)
        set_label(tile, k + 1, &x, blocks, count, peak_in(blocks + of_x, False), label, False, scratch + n)


cdef void store_costs(const ComparisonJob* job, row_tile* tile, const Py_ssize_t* rows) noexcept nogil:
    """Of the pairs of a tile; and the tile is empty again."""
    cdef label_options none
    cdef Py_ssize_t k
    none.number[0] = none.number[1] = 0
    job.loss(tile, none)
    for k in range(tile.count // 2):
        job.target_cost[rows[k]] = tile.loss[2 * k]
        job.cost[rows[k]] = tile.loss[2 * k + 1]
    tile.count = 0


cdef public exact_sum chunk_of_compared_rows(void* data, Py_ssize_t chunk, real* scratch) noexcept nogil:
    """What is found is of each row; there is no sum."""
    cdef ComparisonJob* job = <ComparisonJob*> data
    cdef Py_ssize_t row = chunk * job.chunk_rows, stop = min(row + job.chunk_rows, job.scores.rows), label = -1, k
    cdef Py_ssize_t rows[TILE]          # of the pairs in the tile
    cdef row_tile tile
    tile.classes = job.scores.classes
    tile.count = 0
    for k in range(TILE):
        tile.peak[k] = 0
        tile.rest[k] = 0
        tile.score[k] = 0
        tile.weight[k] = 1
    for row in range(row, stop):
        if job.labels != NULL:
            label = label_or_none(job.labels + row, job.ignore_index, job.scores.classes)
            if label < 0:
                job.found[row] = 0
                continue
            rows[tile.count // 2] = row
        compare_row(job, row, label, &tile, tile.count, scratch)
        if job.labels != NULL:
            tile.count += 2
            if tile.count == TILE:
                store_costs(job, &tile, rows)
    if tile.count > 0:
        store_costs(job, &tile, rows)
    return NO_SUM


cdef public void plan_compared_rows(void* data, kernel_plan* plan) noexcept nogil:
    cdef ComparisonJob* job = <ComparisonJob*> data
    cdef Py_ssize_t classes = job.scores.classes
    job.loss = find_label_loss("cross_entropy")
    job.chunk_rows = max(1, ROWS_CHUNK // classes)
    plan.chunks = (job.scores.rows - 1) // job.chunk_rows + 1
    plan.scratch = (6 * classes + 6 * LANES) * sizeof(real)
