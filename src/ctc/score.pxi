"""One emission against many targets. Included by ctc.pyx, which explains the names.

The targets are a tree: what they begin with in common is computed once. A run is a piece of the tree without a fork,
a label a slot, and one slot more for the blank after its last label. Its first slot follows a slot of another run, the
parent, whose label's probability is copied before it; a run without a parent is the beginning of its targets. Groups
of targets are trees of their own, with a workspace each: slot 0 there is V slots before the group's first run.
"""

cdef inline Py_ssize_t group_base(const ScoreJob* job, Py_ssize_t group) noexcept nogil:
    """Slot 0 of the group, as the job counts slots: through all groups."""
    return job.run_start[job.first_run[group]] - V


cdef Py_ssize_t group_layout(const ScoreJob* job, Sequence* q, Py_ssize_t group, char* memory) noexcept nogil:
    """Cuts the memory for a group; returns how many bytes that takes. S is the number of its slots."""
    cdef char* start = memory
    memset(q, 0, sizeof(Sequence))
    q.poll = poll_of(memory)
    q.T = job.emission.batch.x.frames
    q.S = padded(job.run_stop[job.first_run[group + 1] - 1] - group_base(job, group))
    q.frame_work = frame_work(job.emission.batch.x.classes, q.S)
    q.width = q.pitch = q.S + 2 * V
    q.segment = q.frames = F
    q.tables = q.tiles = 1
    table_layout(&job.emission, q, &memory)
    # For a target as long as all of them together, and its labels.
    q.certain = <double*> arena_alloc(&memory, 2 * (q.S + 1) * sizeof(double) + q.S * sizeof(int64_t))
    q.alpha = <real*> arena_alloc(&memory, 2 * frame_size(q) * sizeof(real))
    return memory - start


cdef void read_group(const ScoreJob* job, Sequence* q, Py_ssize_t base) noexcept nogil:
    cdef Py_ssize_t i
    clear_classes(&job.emission, q)
    for i in range(q.S):
        q.label_place[i] = place_of_class(q, job.label[base + i])
        q.skip[i] = X_NO_TRANSITION if job.repeats[base + i] else 0
    fill_used_classes(q)


cdef void set_start(const ScoreJob* job, const Frame* f, Py_ssize_t group, xint exponent) noexcept nogil:
    """The probability of being before the first label, in the runs that have no parent."""
    cdef Py_ssize_t run
    for run in range(job.first_run[group], job.first_run[group + 1]):
        if job.run_parent[run] < 0:
            f.blank_exponent[job.run_start[run] - group_base(job, group)] = exponent


cdef void forward_runs(const ScoreJob* job, const Sequence* q, Py_ssize_t group, Py_ssize_t k, const Frame* old,
                       const Frame* new) noexcept nogil:
    """Alphas of frame k of a block, from those of the frame before."""
    cdef Py_ssize_t run, parent, base = group_base(job, group)
    cdef Lattice lattice = lattice_at(q, 0, 0)
    cdef Band band
    for run in range(job.first_run[group], job.first_run[group + 1]):
        band.low = job.run_start[run] - base
        band.high = band.low + padded(job.run_stop[run] - job.run_start[run])
        # The slot before a run is kept for its parent.
        old.label_exponent[band.low - 1] = X_ZERO
        if job.run_parent[run] >= 0:
            parent = job.run_parent[run] - base
            old.label[band.low - 1] = old.label[parent]
            old.label_exponent[band.low - 1] = old.label_exponent[parent]
        forward_band(&lattice, k, old, new, band)
        new.label_exponent[job.run_stop[run] - base - 1] = X_ZERO   # there is no label after the last blank


cdef void forward_group(const ScoreJob* job, const Sequence* q, Py_ssize_t group, Frame* alpha,
                        Offset* offset) noexcept nogil:
    """All frames; alpha[0] is the last one's then."""
    cdef Py_ssize_t t, k, count
    cdef Band all_slots
    cdef Frame swap
    all_slots.low = 0
    all_slots.high = q.S
    for t from 0 <= t < q.T by F:
        if should_stop(q.poll, F * q.frame_work):
            return
        count = min(q.T - t, <Py_ssize_t> F)
        read_frames(&job.emission, q, t, count, offset)
        if offset.is_impossible:
            continue    # a NaN may still come
        gather_emissions(q, t, min(q.T - t, <Py_ssize_t> F), 0, all_slots)
        for k in range(count):
            forward_runs(job, q, group, k, &alpha[0], &alpha[1])
            if t + k == 0:
                set_start(job, &alpha[0], group, X_ZERO)
            swap = alpha[0]
            alpha[0] = alpha[1]
            alpha[1] = swap


cdef Py_ssize_t run_of(const ScoreJob* job, Py_ssize_t slot) noexcept nogil:
    """The run in which a slot lies; runs are in the order of their slots."""
    cdef Py_ssize_t low = 0, high = job.run_count - 1, middle
    while low < high:
        middle = (low + high + 1) // 2
        if job.run_start[middle] <= slot:
            low = middle
        else:
            high = middle - 1
    return low


cdef Py_ssize_t read_candidate(const ScoreJob* job, Py_ssize_t k, int64_t* target) noexcept nogil:
    """The labels of a target, from its last slot back to the beginning; returns how many there are."""
    cdef Py_ssize_t i, run, count = 0, slot = job.target_slot[k]
    while slot >= 0:
        run = run_of(job, slot)
        for i in range(slot, job.run_start[run] - 1, -1):
            target[count] = job.label[i]
            count += 1
        slot = job.run_parent[run]
    for i in range(count // 2):
        target[i], target[count - 1 - i] = target[count - 1 - i], target[i]
    return count


cdef public exact_sum score_group(void* data, Py_ssize_t group, real* scratch) noexcept nogil:
    cdef ScoreJob* job = <ScoreJob*> data
    cdef Py_ssize_t k, S, base = group_base(job, group)
    cdef Sequence q
    cdef Frame alpha[2]
    cdef int64_t* target
    cdef double loss
    cdef Offset offset
    cdef xint total_exponent
    memset(&offset, 0, sizeof(Offset))
    offset.product = 1
    group_layout(job, &q, group, <char*> scratch)
    target = <int64_t*> (q.certain + 2 * (q.S + 1))
    read_group(job, &q, base)
    for k in range(2):
        alpha[k] = frame_at(&q, q.alpha, k)
        set_zero(&alpha[k], -V, q.width - V)
    set_start(job, &alpha[0], group, 0)
    forward_group(job, &q, group, alpha, &offset)
    for k in range(job.first_target[group], job.first_target[group + 1]):
        loss = negative_log_likelihood(&offset, &alpha[0], job.target_blank[k] - base, job.target_slot[k] - base,
                                       &total_exponent)
        if is_almost_certain(loss, q.T):
            S = read_candidate(job, k, target)
            loss = certain_loss(&job.emission, &q, target, S, q.certain, loss)
        job.scores[k] = 0 - loss    # not by a minus sign, which would make -0 of the loss of a certain target
    job.saturated[group] = offset.is_saturated
    return NO_SUM


cdef public void plan_score(void* data, kernel_plan* plan) noexcept nogil:
    cdef ScoreJob* job = <ScoreJob*> data
    cdef Sequence q
    cdef Py_ssize_t group, bytes_needed = 0
    plan.work = 0
    for group in range(job.groups):
        bytes_needed = max(bytes_needed, group_layout(job, &q, group, NULL))
        plan.work += <double> q.frame_work * q.T
    plan.chunks = job.groups
    plan.scratch = (bytes_needed // sizeof(real) + 1) * sizeof(real)
    plan.is_shared = False
