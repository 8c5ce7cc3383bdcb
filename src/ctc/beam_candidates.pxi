"""What the hypotheses of the next frame are chosen from, and the labels by which they may grow. Included by decode.pyx.

Candidates are numbered: the hypotheses as they are, in their order; then, for each in that order, itself and a label
more, labels by falling emission (the lower one first where they are equal). Among equally probable candidates the
first ones are kept, and what is kept stays in this order.
"""

cdef extern from "ctc/select.h" nogil:
    ctypedef struct ScoredLabel "scored_label":
        real score
        int32_t label
    real kth_largest(const real*, Py_ssize_t, Py_ssize_t)
    real smallest_from(const real*, Py_ssize_t, real)
    void sort_labels(ScoredLabel*, Py_ssize_t, ScoredLabel*)

# What the next frame's hypotheses are chosen from.
ctypedef struct Candidates:
    Py_ssize_t count
    Py_ssize_t capacity
    Py_ssize_t limit        # how many are chosen
    real bound              # what a further candidate has to exceed
    real* total             # probability
    int32_t* entry          # the hypothesis that it continues
    int32_t* rank           # of the label that is added, in Labels; -1 for none
    int32_t* child          # node of the longer prefix, or -1

# The labels by which hypotheses may grow in a frame, by falling emission.
ctypedef struct Labels:
    Py_ssize_t count
    ScoredLabel* sorted
    ScoredLabel* spare
    real* score             # logarithm of the emission
    real* emission

# ---- memory ----

cdef bint reserve_candidates(Candidates* c, Py_ssize_t count) noexcept nogil:
    if count <= c.capacity:
        return True
    count = max(count, 2 * c.capacity)
    if not (grow(<void**> &c.total, count, sizeof(real)) and grow(<void**> &c.entry, count, sizeof(int32_t))
            and grow(<void**> &c.rank, count, sizeof(int32_t)) and grow(<void**> &c.child, count, sizeof(int32_t))):
        return False
    c.capacity = count
    return True


cdef void free_candidates(Candidates* c) noexcept nogil:
    free(c.total)
    free(c.entry)
    free(c.rank)
    free(c.child)


cdef bint reserve_labels(Labels* labels, Py_ssize_t classes) noexcept nogil:
    return (grow(<void**> &labels.sorted, classes, sizeof(ScoredLabel))
            and grow(<void**> &labels.spare, classes, sizeof(ScoredLabel))
            and grow(<void**> &labels.score, classes, sizeof(real))
            and grow(<void**> &labels.emission, classes, sizeof(real)))


cdef void free_labels(Labels* labels) noexcept nogil:
    free(labels.sorted)
    free(labels.spare)
    free(labels.score)
    free(labels.emission)


# ---- the largest ----

cdef inline void drop_rare_labels(Labels* labels, Py_ssize_t limit) noexcept nogil:
    """Keeps the `limit` likeliest labels, one more than candidates are chosen. A label beyond these is of no use: with
    each of them, but the one it ends in, a hypothesis makes a better candidate."""
    cdef ScoredLabel* all_labels = labels.sorted
    cdef Py_ssize_t i, kept = 0, ties = limit
    cdef real least
    for i in range(labels.count):
        labels.score[i] = all_labels[i].score
    least = kth_largest(labels.score, labels.count, limit)
    for i in range(labels.count):
        ties -= all_labels[i].score > least
    for i in range(labels.count):
        if all_labels[i].score > least or (all_labels[i].score == least and ties > 0):
            ties -= all_labels[i].score == least
            all_labels[kept] = all_labels[i]
            kept += 1
    labels.count = kept


cdef void keep_largest(Candidates* c) noexcept nogil:
    """As many as are chosen, the first ones among equals."""
    cdef Py_ssize_t i, kept = 0, ties = c.limit
    cdef bint is_tie, is_kept
    cdef real least = kth_largest(c.total, c.count, c.limit)
    for i in range(c.count):
        ties -= c.total[i] > least
    for i in range(c.count):
        is_tie = c.total[i] == least
        is_kept = (c.total[i] > least) | (is_tie & (ties > 0))
        ties -= is_tie
        c.total[kept] = c.total[i]
        c.entry[kept] = c.entry[i]
        c.rank[kept] = c.rank[i]
        c.child[kept] = c.child[i]
        kept += is_kept
    c.count = kept
    c.bound = least


cdef inline bint add_candidate(Candidates* c, real total, Py_ssize_t entry, Py_ssize_t rank,
                               int32_t child) noexcept nogil:
    """False if there is no memory. Twice as many as are chosen, and a few, are collected before they are sifted."""
    if c.count == c.capacity or c.count >= 2 * c.limit + 64:
        if c.count >= 2 * c.limit + 64:
            keep_largest(c)
            if total <= c.bound:
                return True
        elif not reserve_candidates(c, min(max(2 * c.capacity, <Py_ssize_t> 64), 2 * c.limit + 64)):
            return False
    c.total[c.count] = total
    c.entry[c.count] = <int32_t> entry
    c.rank[c.count] = <int32_t> rank
    c.child[c.count] = child
    c.count += 1
    return True
