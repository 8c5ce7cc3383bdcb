"""One emission against many targets. Included by ctc.pyx, which explains the names.

The targets are a tree: what they begin with in common is computed once. A run is a piece of the tree without a fork,
a label a lane, and one lane more for the blank after its last label. Its first lane follows a lane of another run, the
parent, whose labels' probabilities are copied before it; the first run of all follows nothing.
"""

ctypedef struct ScoreJob:
    Job emission                 # x as (T, 1, C)
    const int64_t* run_start     # first lane of each run
    const int64_t* run_stop      # one past its last
    const int64_t* run_parent    # lane of its parent, or -1
    const int64_t* first_run     # of each group of runs: the trees that go to one thread
    const int64_t* label         # of each lane; the blank where there is none
    const uint8_t* repeats       # whether a lane's label equals the label before
    const int64_t* target_lane   # of each target: lane of its last label, or -1
    const int64_t* target_blank  # of the blank after it
    const int64_t* first_target  # of each group
    Py_ssize_t groups
    double* scores               # of each target
    uint8_t* saturated           # of each group


cdef Py_ssize_t score_layout(const ScoreJob* job, Sequence* q, Py_ssize_t lanes, char* memory) noexcept nogil:
    cdef char* start = memory
    cdef Py_ssize_t C = job.emission.classes
    memset(q, 0, sizeof(Sequence))
    q.T = job.emission.frames
    q.S = lanes
    q.width = padded(lanes) + 2 * V
    q.row = (min(lanes, C) + 1 + LANES - 1) // LANES * LANES
    q.segment = F
    q.keeps_tables = False
    q.lookup = <int64_t*> take(&memory, C * sizeof(int64_t))
    q.place = <int32_t*> take(&memory, q.width * sizeof(int32_t))
    q.used_class = <int32_t*> take(&memory, q.row * sizeof(int32_t))
    q.skip = <xint*> take(&memory, (q.width + V) * sizeof(xint))
    q.emission = <real*> take(&memory, q.width * sizeof(real))
    q.emission_exponent = <xint*> take(&memory, q.width * sizeof(xint))
    q.peak = <real*> take(&memory, F * sizeof(real))
    q.rest = <real*> take(&memory, F * sizeof(real))
    q.alpha = <real*> take(&memory, 2 * 4 * q.width * sizeof(real))
    q.table = <real*> take(&memory, F * q.row * sizeof(real))
    q.table_exponent = <xint*> take(&memory, F * q.row * sizeof(xint))
    q.share = <real*> take(&memory, F * sizeof(real))
    q.wide = <uint8_t*> take(&memory, F)
    q.scores = <real*> take(&memory, C * sizeof(real))
    return memory - start


cdef void score_lanes(const ScoreJob* job, Sequence* q, Py_ssize_t base, Py_ssize_t lanes) noexcept nogil:
    """The classes that the group uses, and which of them each lane is."""
    cdef Py_ssize_t i, place
    cdef int64_t label
    q.used_class[0] = <int32_t> job.emission.blank
    q.used = 1
    q.lookup[job.emission.blank] = 0
    for i in range(lanes):
        label = job.label[base + i]
        place = q.lookup[label]
        if place < 0:
            place = q.used
            q.lookup[label] = place
            q.used_class[place] = <int32_t> label
            q.used += 1
        q.place[i] = <int32_t> place
        q.skip[i] = X_NEVER if job.repeats[base + i] else 0
    for i in range(q.used):
        q.lookup[q.used_class[i]] = -1


cdef void advance_runs(const ScoreJob* job, const Sequence* q, Py_ssize_t group, Py_ssize_t base, Py_ssize_t slot,
                       const Frame* old, const Frame* new) noexcept nogil:
    cdef Py_ssize_t r, start, stop, parent
    for r in range(job.first_run[group], job.first_run[group + 1]):
        start = job.run_start[r] - base
        stop = job.run_stop[r] - base
        parent = job.run_parent[r]
        # The lane before a run is kept for this.
        old.label_exponent[start - 1] = X_DEAD
        if parent >= 0:
            old.label[start - 1] = old.label[parent - base]
            old.label_exponent[start - 1] = old.label_exponent[parent - base]
        forward_lanes(old.label + start, old.blank + start, old.label_exponent + start, old.blank_exponent + start,
                      new.label + start, new.blank + start, new.label_exponent + start, new.blank_exponent + start,
                      q.skip + start, q.emission + start, q.emission_exponent + start, q.table[slot * q.row],
                      q.table_exponent[slot * q.row] if q.wide[slot] else 0, 0, padded(stop - start), True)
        new.label_exponent[stop - 1] = X_DEAD   # there is no label after the last blank


cdef double score_group(void* data, Py_ssize_t group, real* scratch) noexcept nogil:
    cdef ScoreJob* job = <ScoreJob*> data
    cdef Py_ssize_t base = job.run_start[job.first_run[group]] - V, t, i, k, r, slot
    cdef Py_ssize_t lanes = job.run_stop[job.first_run[group + 1] - 1] - base
    cdef Sequence q
    cdef Frame old, new, spare
    cdef double offset = 0, product = 1
    cdef bint alive = True
    lanes = padded(lanes)
    score_layout(job, &q, lanes, <char*> scratch)
    for i in range(job.emission.classes):
        q.lookup[i] = -1
    job.saturated[group] = 0
    score_lanes(job, &q, base, lanes)
    for i in range(q.width):
        q.emission_exponent[i] = 0
    old = frame_at(&q, q.alpha, 0)
    new = frame_at(&q, q.alpha, 1)
    bury(&q, &old, -V, q.width - V)
    bury(&q, &new, -V, q.width - V)
    for r in range(job.first_run[group], job.first_run[group + 1]):
        if job.run_parent[r] < 0:
            old.blank_exponent[job.run_start[r] - base] = 0
    for t in range(q.T):
        slot = t % F
        read_frame(&job.emission, &q, t, 0, 1)
        alive = emit(&job.emission, &q, t, &offset, &product, &job.saturated[group]) and alive
        if not alive:
            continue    # a NaN may still come
        look_up(q.emission, q.table + slot * q.row, q.place, 0, lanes)
        if q.wide[slot]:
            look_up_exponents(q.emission_exponent, q.table_exponent + slot * q.row, q.place, 0, lanes)
        advance_runs(job, &q, group, base, slot, &old, &new)
        if q.wide[slot]:
            for i in range(lanes):
                q.emission_exponent[i] = 0
        if t == 0:      # the place before the first frame
            for r in range(job.first_run[group], job.first_run[group + 1]):
                old.blank_exponent[job.run_start[r] - base] = X_DEAD
        spare = old
        old = new
        new = spare
    for k in range(job.first_target[group], job.first_target[group + 1]):
        job.scores[k] = score_of_target(job, &old, k, base, alive, offset, product)
    return 0


cdef double score_of_target(const ScoreJob* job, const Frame* f, Py_ssize_t k, Py_ssize_t base, bint alive,
                            double offset, double product) noexcept nogil:
    """Log-likelihood: of its last label and of the blank after it."""
    cdef Py_ssize_t blank = job.target_blank[k] - base, label = job.target_lane[k] - base
    cdef xint label_exponent = X_DEAD, top
    cdef double mantissa
    if product != product:
        return NAN
    if job.target_lane[k] >= 0:
        label_exponent = f.label_exponent[label]
    top = x_max(f.blank_exponent[blank], label_exponent)
    if not alive or top < X_LIMIT + X_LIMIT // 2:
        return -HUGE_VAL
    mantissa = ldexp(f.blank[blank], <int> max(f.blank_exponent[blank] - top, <xint> -2000))
    if job.target_lane[k] >= 0:
        mantissa += ldexp(f.label[label], <int> max(label_exponent - top, <xint> -2000))
    return log(mantissa) + top * 0.693147180559945309417 - (offset + log(product))


def score(cnp.ndarray x, int x_dtype, int native_dtype, cnp.ndarray run_start, cnp.ndarray run_stop,
          cnp.ndarray run_parent, cnp.ndarray first_run, cnp.ndarray label, cnp.ndarray repeats,
          cnp.ndarray target_lane, cnp.ndarray target_blank, cnp.ndarray first_target, Py_ssize_t blank,
          cnp.ndarray scores, cnp.ndarray saturated, int threads):
    """Log-likelihoods of targets given as a tree of runs; x is (T, 1, C), all indices are int64."""
    cdef ScoreJob job
    cdef Sequence q
    cdef double total
    cdef Py_ssize_t i, size = 0, lanes
    memset(&job, 0, sizeof(ScoreJob))
    job.emission.x = <char*> data_of(x)
    job.emission.x_dtype = x_dtype
    job.emission.native = native_dtype
    for i in range(3):
        job.emission.x_stride[i] = x.strides[i]
    job.emission.frames = x.shape[0]
    job.emission.classes = x.shape[2]
    job.emission.blank = blank
    job.run_start = <const int64_t*> data_of(run_start)
    job.run_stop = <const int64_t*> data_of(run_stop)
    job.run_parent = <const int64_t*> data_of(run_parent)
    job.first_run = <const int64_t*> data_of(first_run)
    job.label = <const int64_t*> data_of(label)
    job.repeats = <const uint8_t*> data_of(repeats)
    job.target_lane = <const int64_t*> data_of(target_lane)
    job.target_blank = <const int64_t*> data_of(target_blank)
    job.first_target = <const int64_t*> data_of(first_target)
    job.groups = first_run.size - 1
    job.scores = <double*> data_of(scores)
    job.saturated = <uint8_t*> data_of(saturated)
    for i in range(job.groups):
        lanes = padded(job.run_stop[job.first_run[i + 1] - 1] - job.run_start[job.first_run[i]] + V)
        size = max(size, score_layout(&job, &q, lanes, NULL))
    run_chunks(score_group, &job, job.groups, size // sizeof(real) + 1, threads, &total)
