"""One frame of the beam search: from the hypotheses before it to those after it. Included by decode.pyx."""

cdef extern from "ctc/beam.h" nogil:
    enum:
        SCORE_BLOCK
    ctypedef struct Hypotheses "hypotheses":
        Py_ssize_t count
        Py_ssize_t capacity
        int32_t* node
        int32_t* last
        real* blank
        real* label
        real* total
        real* best_blank
        real* best_label
        int32_t* from_blank
        int32_t* from_label
    bint scan_scores(const real*, Py_ssize_t, real*)
    void exp_scores(real*, real*, Py_ssize_t, real, real)
    void keep_prefixes(const Hypotheses*, const Hypotheses*, const real*, const real*, real, real)
    void add_kinds(const real*, const real*, real*, Py_ssize_t)

# The frame at hand.
ctypedef struct Frame:
    const real* x           # its scores
    real peak               # the largest of them
    const real* block_peaks
    real blank_score        # relative to the peak, as all that follows
    real blank_emission
    Py_ssize_t capacity
    real* score             # of the last label of each hypothesis
    real* emission

ctypedef struct Beam:
    poll_state* poll
    Py_ssize_t classes
    int32_t blank
    real floor              # scores further below the peak count as impossible
    Trie trie
    Hypotheses old
    Hypotheses new
    Candidates candidates
    Labels labels
    Frame frame
    real top                # the largest total
    int64_t exponent        # what totals are multiplied with to be probabilities, as a power of two
    int32_t* child_of_label
    int32_t* dropped        # nodes
    Py_ssize_t dropped_count


# ---- memory ----

cdef bint reserve_hypotheses(Hypotheses* h, Py_ssize_t count) noexcept nogil:
    if count <= h.capacity:
        return True
    count = max(count, 2 * h.capacity)
    if not (grow(<void**> &h.node, count, sizeof(int32_t)) and grow(<void**> &h.last, count, sizeof(int32_t))
            and grow(<void**> &h.blank, count, sizeof(real)) and grow(<void**> &h.label, count, sizeof(real))
            and grow(<void**> &h.total, count, sizeof(real)) and grow(<void**> &h.best_blank, count, sizeof(real))
            and grow(<void**> &h.best_label, count, sizeof(real))
            and grow(<void**> &h.from_blank, count, sizeof(int32_t))
            and grow(<void**> &h.from_label, count, sizeof(int32_t))):
        return False
    h.capacity = count
    return True


cdef void free_hypotheses(Hypotheses* h) noexcept nogil:
    free(h.node)
    free(h.last)
    free(h.blank)
    free(h.label)
    free(h.total)
    free(h.best_blank)
    free(h.best_label)
    free(h.from_blank)
    free(h.from_label)


cdef bint reserve_frame(Beam* beam) noexcept nogil:
    """Room for what belongs to the old hypotheses, and for these without a label more."""
    cdef Frame* frame = &beam.frame
    cdef Py_ssize_t count = beam.old.count
    if not (reserve_hypotheses(&beam.new, count) and reserve_candidates(&beam.candidates, count)):
        return False
    if count <= frame.capacity:
        return True
    frame.capacity = beam.old.capacity
    return (grow(<void**> &frame.score, frame.capacity, sizeof(real))
            and grow(<void**> &frame.emission, frame.capacity, sizeof(real))
            and grow(<void**> &beam.dropped, frame.capacity, sizeof(int32_t)))


cdef bint begin_beam(Beam* beam, Py_ssize_t classes, Py_ssize_t blank, Py_ssize_t limit, real floor) noexcept nogil:
    """One hypothesis, the empty prefix. False if there is no memory."""
    memset(beam, 0, sizeof(Beam))
    beam.classes = classes
    beam.blank = <int32_t> blank
    beam.floor = floor
    beam.candidates.limit = limit
    beam.trie.free = -1
    if not (reserve_labels(&beam.labels, classes)
            and grow(<void**> &beam.child_of_label, classes, sizeof(int32_t))
            and reserve_hypotheses(&beam.old, 16) and add_node(&beam.trie, -1, -1) == ROOT):
        return False
    memset(beam.child_of_label, 0, classes * sizeof(int32_t))
    beam.trie.nodes[ROOT].slot = 0
    beam.top = 1
    beam.old.count = 1
    beam.old.node[0] = ROOT
    beam.old.last[0] = beam.blank
    beam.old.blank[0] = beam.old.total[0] = 1
    beam.old.label[0] = beam.old.best_blank[0] = 0
    beam.old.best_label[0] = -INFINITY
    return True


cdef void free_beam(Beam* beam) noexcept nogil:
    free(beam.trie.nodes)
    free_hypotheses(&beam.old)
    free_hypotheses(&beam.new)
    free_candidates(&beam.candidates)
    free_labels(&beam.labels)
    free(beam.frame.score)
    free(beam.frame.emission)
    free(beam.child_of_label)
    free(beam.dropped)


# ---- hypotheses as they are ----

cdef inline int32_t origin(Py_ssize_t slot, int kind) noexcept nogil:
    """Where a path was a frame before: the hypothesis, and the kind of its end, one of the FROM_..."""
    return <int32_t> (4 * slot + kind)


cdef inline void extend_from(Beam* beam, Py_ssize_t parent, Py_ssize_t i) noexcept nogil:
    """What hypothesis i gains where its prefix without the last label is a hypothesis, too: `parent`."""
    cdef const Hypotheses* old = &beam.old
    cdef const Hypotheses* new = &beam.new
    cdef bint repeats = old.last[parent] == old.last[i]
    cdef bint after_blank = repeats or old.best_blank[parent] >= old.best_label[parent]
    cdef real best = old.best_blank[parent] if after_blank else old.best_label[parent]
    new.label[i] += (old.blank[parent] if repeats else old.total[parent]) * beam.frame.emission[i]
    if best > old.best_label[i]:
        new.best_label[i] = best + beam.frame.score[i]
        new.from_label[i] = origin(parent, FROM_PARENT_BLANK if after_blank else FROM_PARENT_LABEL)


cdef void keep_as_they_are(Beam* beam) noexcept nogil:
    """The first candidates: no label is added."""
    cdef const Hypotheses* old = &beam.old
    cdef const Hypotheses* new = &beam.new
    cdef Frame* frame = &beam.frame
    cdef Candidates* c = &beam.candidates
    cdef const Node* nodes = beam.trie.nodes
    cdef Py_ssize_t i
    cdef int32_t parent
    for i in range(old.count):
        frame.score[i] = frame.x[old.last[i]]
    exp_scores(frame.score, frame.emission, old.count, frame.peak, beam.floor)
    frame.blank_score = frame.x[beam.blank]
    exp_scores(&frame.blank_score, &frame.blank_emission, 1, frame.peak, beam.floor)
    keep_prefixes(old, new, frame.score, frame.emission, frame.blank_score, frame.blank_emission)
    for i in range(old.count):
        new.from_blank[i] = origin(i, FROM_LABEL if old.best_label[i] > old.best_blank[i] else FROM_BLANK)
        new.from_label[i] = origin(i, FROM_LABEL)
        c.entry[i] = <int32_t> i
        c.rank[i] = -1
    for i in range(old.count):
        parent = nodes[old.node[i]].parent
        if parent >= 0 and nodes[parent].slot >= 0:
            extend_from(beam, nodes[parent].slot, i)
    add_kinds(new.blank, new.label, c.total, old.count)
    c.count = old.count
    c.bound = smallest_from(c.total, c.count, 0) if c.count == c.limit else 0


# ---- hypotheses and a label more ----

cdef inline real least_score(const Beam* beam) noexcept nogil:
    """Below it, a label makes no candidate of any hypothesis. A little less than that, for the logarithm's rounding."""
    cdef real bound = beam.candidates.bound
    if bound <= 0:
        return beam.floor
    return max(beam.floor, log(bound / beam.top) - 1e-6)


cdef inline real least_of_likeliest(const Beam* beam, Py_ssize_t blocks) noexcept nogil:
    """As many labels as can be of use have at least this score; -inf where that is not known. One of the peaks may be
    that of the blank."""
    cdef Py_ssize_t peaks = beam.candidates.limit + 2
    return kth_largest(beam.frame.block_peaks, blocks, peaks) if blocks > peaks else -INFINITY


cdef void choose_labels(Beam* beam) noexcept nogil:
    """The labels that can make candidates."""
    cdef Labels* labels = &beam.labels
    cdef Frame* frame = &beam.frame
    cdef Py_ssize_t block, c, count = 0, blocks = (beam.classes + SCORE_BLOCK - 1) // SCORE_BLOCK
    cdef real least = frame.peak + least_score(beam) - 1e-6 * abs(frame.peak)
    least = max(least, least_of_likeliest(beam, blocks))
    for block in range(blocks):
        if frame.block_peaks[block] < least:
            continue
        for c in range(block * SCORE_BLOCK, min(beam.classes, (block + 1) * SCORE_BLOCK)):
            labels.sorted[count].score = frame.x[c]
            labels.sorted[count].label = <int32_t> c
            count += (frame.x[c] >= least) & (c != beam.blank)
    labels.count = count
    if count > beam.candidates.limit + 1:
        drop_rare_labels(labels, beam.candidates.limit + 1)
    sort_labels(labels.sorted, labels.count, labels.spare)
    for c in range(labels.count):
        labels.score[c] = labels.sorted[c].score
    exp_scores(labels.score, labels.emission, labels.count, frame.peak, beam.floor)


cdef bint extend_hypothesis(Beam* beam, Py_ssize_t i) noexcept nogil:
    """Candidates of a hypothesis and a label more. False if there is no memory."""
    cdef const Hypotheses* old = &beam.old
    cdef const Trie* trie = &beam.trie
    cdef Candidates* c = &beam.candidates
    cdef real total
    cdef int32_t child, label, node = old.node[i]
    cdef Py_ssize_t k
    mark_children(trie, node, beam.child_of_label)
    for k in range(beam.labels.count):
        total = old.total[i] * beam.labels.emission[k]
        if total <= c.bound:
            break
        label = beam.labels.sorted[k].label
        if label == old.last[i]:
            total = old.blank[i] * beam.labels.emission[k]
            if total <= c.bound:
                continue
        child = marked_child(trie, node, label, beam.child_of_label)
        if child >= 0 and trie.nodes[child].slot >= 0:
            continue     # extend_from() has added it to that hypothesis
        if not add_candidate(c, total, i, k, child):
            return False
    return True


cdef bint extend_hypotheses(Beam* beam) noexcept nogil:
    cdef const real* total = beam.old.total
    cdef Py_ssize_t i
    choose_labels(beam)
    if beam.labels.count == 0:
        return True
    for i in range(beam.old.count):
        if should_stop(beam.poll, HYPOTHESIS_WORK):
            break
        if total[i] * beam.labels.emission[0] > beam.candidates.bound and not extend_hypothesis(beam, i):
            return False
    return True


# ---- the hypotheses of the next frame ----

cdef inline void keep_hypothesis(Beam* beam, Py_ssize_t i, Py_ssize_t to) noexcept nogil:
    """Hypothesis i becomes number `to`, which is not above i."""
    cdef const Hypotheses* new = &beam.new
    new.node[to] = beam.old.node[i]
    new.last[to] = beam.old.last[i]
    if to == i:
        return
    beam.trie.nodes[new.node[to]].slot = <int32_t> to
    new.blank[to] = new.blank[i]
    new.label[to] = new.label[i]
    new.best_blank[to] = new.best_blank[i]
    new.best_label[to] = new.best_label[i]
    new.from_blank[to] = new.from_blank[i]
    new.from_label[to] = new.from_label[i]


cdef inline bint add_hypothesis(Beam* beam, Py_ssize_t candidate, Py_ssize_t to) noexcept nogil:
    """A candidate with a label more becomes number `to`. False if there is no memory."""
    cdef const Hypotheses* old = &beam.old
    cdef const Hypotheses* new = &beam.new
    cdef Py_ssize_t i = beam.candidates.entry[candidate], rank = beam.candidates.rank[candidate]
    cdef int32_t label = beam.labels.sorted[rank].label, node = beam.candidates.child[candidate]
    cdef bint after_blank = label == old.last[i] or old.best_blank[i] >= old.best_label[i]
    if node < 0:
        node = add_node(&beam.trie, old.node[i], label)
        if node < 0:
            return False
    beam.trie.nodes[node].slot = <int32_t> to
    new.node[to] = node
    new.last[to] = label
    new.blank[to] = 0
    new.label[to] = beam.candidates.total[candidate]
    new.best_blank[to] = -INFINITY
    new.best_label[to] = (old.best_blank[i] if after_blank else old.best_label[i]) + beam.labels.score[rank]
    new.from_blank[to] = 0
    new.from_label[to] = origin(i, FROM_PARENT_BLANK if after_blank else FROM_PARENT_LABEL)
    return True


cdef inline void drop_hypotheses(Beam* beam, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(start, stop):
        beam.trie.nodes[beam.old.node[i]].slot = -1
        beam.dropped[beam.dropped_count] = beam.old.node[i]
        beam.dropped_count += 1


cdef bint take_candidates(Beam* beam, real least) noexcept nogil:
    """Those above `least` become the new hypotheses. False if there is no memory."""
    cdef Candidates* c = &beam.candidates
    cdef Py_ssize_t k, i, count = 0, following = 0
    beam.dropped_count = 0
    for k in range(c.count):
        if c.rank[k] >= 0:
            break
        if c.total[k] > least:
            i = c.entry[k]
            drop_hypotheses(beam, following, i)
            keep_hypothesis(beam, i, count)
            following = i + 1
            count += 1
    else:
        k = c.count
    drop_hypotheses(beam, following, beam.old.count)
    for k in range(k, c.count):
        if c.total[k] > least:
            if not add_hypothesis(beam, k, count):
                return False
            count += 1
    beam.new.count = count
    for i in range(beam.dropped_count):
        release_node(&beam.trie, beam.dropped[i])
    return True


cdef void rescale(Beam* beam) noexcept nogil:
    """Keeps numbers in the middle of their range, by a power of two, which costs no digits."""
    cdef const Hypotheses* h = &beam.new
    cdef Py_ssize_t i
    cdef int exponent
    cdef real factor
    if FAR_BELOW < beam.top < 1 / FAR_BELOW:
        return
    frexp(beam.top, &exponent)
    factor = ldexp(1.0, -exponent)
    beam.exponent += exponent
    beam.top *= factor
    for i in range(h.count):
        h.blank[i] *= factor
        h.label[i] *= factor


cdef bint next_frame(Beam* beam) noexcept nogil:
    """From the scores in beam.frame. No hypothesis is left if all are impossible. False if there is no memory."""
    cdef Candidates* c = &beam.candidates
    cdef Hypotheses swap
    if not reserve_frame(beam):
        return False
    keep_as_they_are(beam)
    if not extend_hypotheses(beam):
        return False
    if c.count > c.limit:
        keep_largest(c)
    if c.count > MOST_HYPOTHESES or not reserve_hypotheses(&beam.new, c.count):
        return False
    beam.top = largest_of(c.total, c.count)
    if not take_candidates(beam, beam.top * LEAST_SHARE):
        return False
    rescale(beam)
    add_kinds(beam.new.blank, beam.new.label, beam.new.total, beam.new.count)
    swap = beam.old
    beam.old = beam.new
    beam.new = swap
    return True
