"""Many label sequences for one recording: read, and laid out as a tree. Included by calls.pyx, which explains the
names."""

cdef enum:
    GROUP = 64              # targets that go to a thread together, and may share their beginnings
    LONG_CANDIDATE = 2000   # labels of a single one that threads share, as they do in the loss


cdef Sequences read_candidates(candidates, Py_ssize_t classes, Py_ssize_t blank):
    cdef Sequences s = Sequences.__new__(Sequences)
    cdef cnp.ndarray array
    cdef Py_ssize_t k
    given = sequences_or_labels(candidates, "candidates")
    if type(given) is tuple:
        read_sequences(s, given, "candidates")
    else:
        array = label_array(given, "candidates")
        if cnp.PyArray_NDIM(array) != 2:
            raise ValueError(f"candidates has shape {shape_of(array)}; expected (K, S), or a list of sequences")
        allocate_sequences(s, cnp.PyArray_DIM(array, 0))
        for k in range(s.count):
            s.offsets[k] = s.size
            s.lengths[k] = cnp.PyArray_DIM(array, 1)
            append_labels(s, cnp.PyArray_BYTES(array) + k * cnp.PyArray_STRIDE(array, 0), s.lengths[k],
                          cnp.PyArray_STRIDE(array, 1), dtype_code(array))
    check_labels(s, "candidates", classes, blank, -1)
    return s


def scores_of(Emissions emissions, candidates, Py_ssize_t blank, progress, num_threads):
    """The logarithm of each candidate's likelihood, in double."""
    cdef Sequences s = read_candidates(candidates, emissions.rows.classes, blank)
    if progress is None:
        return score_all(emissions, s, blank, num_threads)
    with progress_of(progress):
        return score_all(emissions, s, blank, num_threads)


cdef cnp.ndarray score_all(Emissions emissions, Sequences s, Py_ssize_t blank, num_threads):
    cdef cnp.npy_intp count = s.count
    cdef cnp.ndarray scores = cnp.PyArray_ZEROS(1, &count, cnp.NPY_FLOAT64, 0)
    cdef bint has_nan = False
    cdef Py_ssize_t k
    if not count:
        return scores
    if count == 1 and s.lengths[0] >= LONG_CANDIDATE:
        return 0 - losses_of(batch_of_one(emissions, s, blank), False, None, None,
                             threads_for(num_threads, 8 * s.size * emissions.rows.frames))
    score_some(emissions, s, scores, False, GROUP, blank, num_threads)
    for k in range(count):
        has_nan = has_nan or loss_at(scores, k) != loss_at(scores, k)
    if has_nan:  # a NaN that is in the class of one candidate is in the tables of its group
        score_some(emissions, s, scores, True, 1, blank, num_threads)
    return scores


cdef int score_some(Emissions emissions, Sequences candidates, cnp.ndarray scores, bint only_nan, Py_ssize_t group,
                    Py_ssize_t blank, num_threads) except -1:
    """All candidates, or those whose score is NaN."""
    cdef CandidateTree tree = new_tree(candidates, scores, only_nan, group, blank)
    cdef cnp.npy_intp count = tree.count, groups = tree.tree.groups
    cdef cnp.ndarray found = cnp.PyArray_ZEROS(1, &count, cnp.NPY_FLOAT64, 0)
    cdef cnp.ndarray saturated = cnp.PyArray_ZEROS(1, &groups, cnp.NPY_UINT8, 0)
    cdef int bits = bits_for(emissions), threads
    cdef double labels = count
    cdef Py_ssize_t k
    for k in range(count):
        labels += candidates.lengths[tree.order[k]]
    threads = threads_for(num_threads, 8 * labels * emissions.rows.frames)
    kernel_of(bits).score(emissions, tree, found, saturated, threads)
    if bits == 32 and has_any(saturated):  # finite masks such as -1e9 need the exponents of float64
        kernel_of(64).score(emissions, tree, found, saturated, threads)
    for k in range(count):
        (<double*> cnp.PyArray_DATA(scores))[tree.order[k]] = loss_at(found, k)
    return 0


# ---- the tree ----

cdef class CandidateTree:
    """Candidates in alphabetical order: what two neighbours begin with in common is there once. A run has a slot for
    each of its labels and one for the blank after them, and the slot before it is free. It begins at a whole number of
    the kernel's steps."""

    def __dealloc__(self):
        free(self.memory)


cdef CandidateTree new_tree(Sequences candidates, cnp.ndarray scores, bint only_nan, Py_ssize_t group,
                            Py_ssize_t blank):
    cdef CandidateTree t = CandidateTree.__new__(CandidateTree)
    cdef Py_ssize_t k, first, slots, groups
    # One tree for both kernels: float64's steps have as many slots or fewer, and a whole number of steps fits.
    t.step = (<CTC> kernel_of(32)).table.slots
    t.candidates = candidates
    for k in range(candidates.count):
        t.count += not only_nan or loss_at(scores, k) != loss_at(scores, k)
    groups = (t.count + group - 1) // group
    slots = candidates.size + t.count * (1 + t.step) + t.step * (groups + 1)
    t.tree.groups = groups
    t.tree.blank = blank
    allocate_tree(t, slots)
    first = 0
    for k in range(candidates.count):
        if not only_nan or loss_at(scores, k) != loss_at(scores, k):
            t.order[first] = k
            first += 1
    sort_candidates(t)
    for k in range(slots):
        t.tree.label[k] = blank
        t.tree.repeats[k] = False
    for k in range(groups):
        add_group(t, k, k * group, min(k * group + group, t.count))
    t.tree.first_run[groups] = t.runs
    t.tree.first_target[groups] = t.count
    return t


cdef int allocate_tree(CandidateTree t, Py_ssize_t slots) except -1:
    cdef int64_t* numbers
    if slots > PY_SSIZE_T_MAX // 64:
        raise MemoryError
    t.memory = <char*> allocate(8 * t.count + 2 * (t.tree.groups + 1) + 2 * slots, sizeof(int64_t))
    numbers = <int64_t*> t.memory
    t.order = numbers
    t.tree.target_slot = numbers + t.count
    t.tree.target_blank = numbers + 2 * t.count
    t.tree.run_start = numbers + 3 * t.count
    t.tree.run_stop = numbers + 4 * t.count
    t.tree.run_parent = numbers + 5 * t.count
    t.path_depth = numbers + 6 * t.count
    t.path_slot = numbers + 7 * t.count
    t.tree.first_run = numbers + 8 * t.count
    t.tree.first_target = t.tree.first_run + t.tree.groups + 1
    t.tree.label = t.tree.first_target + t.tree.groups + 1
    t.tree.repeats = <uint8_t*> (t.tree.label + slots)
    return 0


cdef inline const int64_t* labels_of(CandidateTree t, Py_ssize_t k) noexcept:
    return t.candidates.labels + t.candidates.offsets[k]


cdef Py_ssize_t shared_beginning(CandidateTree t, Py_ssize_t a, Py_ssize_t b) noexcept:
    """How many labels two candidates have in common, from the first on."""
    cdef const int64_t* left = labels_of(t, a)
    cdef const int64_t* right = labels_of(t, b)
    cdef Py_ssize_t i, shorter = min(t.candidates.lengths[a], t.candidates.lengths[b])
    for i in range(shorter):
        if left[i] != right[i]:
            return i
    return shorter


cdef bint comes_first(CandidateTree t, Py_ssize_t a, Py_ssize_t b) noexcept:
    """Whether a may come before b."""
    cdef Py_ssize_t shared = shared_beginning(t, a, b)
    if shared == t.candidates.lengths[a]:
        return True
    return shared < t.candidates.lengths[b] and labels_of(t, a)[shared] < labels_of(t, b)[shared]


cdef void sort_candidates(CandidateTree t) noexcept:
    """By merging ever longer parts, in turn from `order` and back to it."""
    cdef int64_t* source = t.order
    cdef int64_t* to = t.path_depth     # not needed yet
    cdef int64_t* swap
    cdef Py_ssize_t width = 1, start
    while width < t.count:
        for start from 0 <= start < t.count by 2 * width:
            merge_parts(t, source, to, start, min(start + width, t.count), min(start + 2 * width, t.count))
        swap = source
        source = to
        to = swap
        width *= 2
    if source != t.order:
        memcpy(t.order, source, t.count * sizeof(int64_t))


cdef void merge_parts(CandidateTree t, const int64_t* source, int64_t* to, Py_ssize_t start, Py_ssize_t middle,
                      Py_ssize_t stop) noexcept:
    cdef Py_ssize_t left = start, right = middle, place
    for place in range(start, stop):
        if right == stop or (left < middle and comes_first(t, source[left], source[right])):
            to[place] = source[left]
            left += 1
        else:
            to[place] = source[right]
            right += 1


cdef void add_group(CandidateTree t, Py_ssize_t group, Py_ssize_t first, Py_ssize_t stop) noexcept:
    cdef Py_ssize_t k, depth = 0
    t.slot += t.step
    t.tree.first_run[group] = t.runs
    t.tree.first_target[group] = first
    t.path_length = 0
    for k in range(first, stop):
        if k > first:
            depth = shared_beginning(t, t.order[k - 1], t.order[k])
            if depth == t.candidates.lengths[t.order[k]]:   # the same once more
                t.tree.target_slot[k] = t.tree.target_slot[k - 1]
                t.tree.target_blank[k] = t.tree.target_blank[k - 1]
                continue
        while t.path_length and t.path_depth[t.path_length - 1] >= depth:
            t.path_length -= 1
        add_run(t, k, depth)


cdef void add_run(CandidateTree t, Py_ssize_t k, Py_ssize_t depth) noexcept:
    """The labels of the tree's candidate k from `depth` on."""
    cdef const int64_t* label = labels_of(t, t.order[k])
    cdef Py_ssize_t i, length = t.candidates.lengths[t.order[k]], stop = t.slot + length - depth
    cdef Py_ssize_t last = t.path_length - 1
    t.tree.run_parent[t.runs] = -1 if last < 0 else t.path_slot[last] + depth - 1 - t.path_depth[last]
    t.tree.run_start[t.runs] = t.slot
    t.tree.run_stop[t.runs] = stop + 1
    for i in range(depth, length):
        t.tree.label[t.slot + i - depth] = label[i]
        t.tree.repeats[t.slot + i - depth] = i > 0 and label[i] == label[i - 1]
    t.tree.target_slot[k] = stop - 1 if length else -1
    t.tree.target_blank[k] = stop
    t.path_depth[last + 1] = depth
    t.path_slot[last + 1] = t.slot
    t.path_length += 1
    t.runs += 1
    t.slot = t.tree.run_start[t.runs - 1] + (length - depth + 2 + t.step - 1) // t.step * t.step
