"""From the arrays of a call to the kernels' jobs. Included by calls.pyx, which explains the names."""


# ---- loss, gradient, posteriors ----

cdef int bind_posterior(LossJob* job, cnp.ndarray posterior, Py_ssize_t itemsize) except -1:
    cdef int i
    check_unchanged(posterior.ndim == 3 and posterior.shape[0] == job.batch.x.frames
                    and posterior.shape[1] == job.batch.x.batch
                    and posterior.shape[2] == 2 * longest_of(&job.batch) + 1, "targets")
    job.posterior = <real*> numbers_of(posterior, posterior.size, itemsize, "targets")
    for i in range(3):
        job.posterior_stride[i] = posterior.strides[i] // itemsize
    return 0


cdef void bind_score_job(ScoreJob* job, Emissions emissions, CandidateTree tree, cnp.ndarray scores,
                         cnp.ndarray saturated) noexcept:
    memset(job, 0, sizeof(ScoreJob))
    job.emission.batch.x = emissions.rows
    job.emission.batch.blank = tree.tree.blank
    job.groups = tree.tree.groups
    job.run_count = tree.runs
    job.run_start = tree.tree.run_start
    job.run_stop = tree.tree.run_stop
    job.run_parent = tree.tree.run_parent
    job.first_run = tree.tree.first_run
    job.label = tree.tree.label
    job.repeats = tree.tree.repeats
    job.target_slot = tree.tree.target_slot
    job.target_blank = tree.tree.target_blank
    job.first_target = tree.tree.first_target
    job.scores = <double*> data_of(scores)
    job.saturated = <uint8_t*> data_of(saturated)


cdef class CTC(Kernels):
    """Loss and gradient, posteriors, scores of candidates."""

    def ctc(self, Call call not None, cnp.ndarray order, int threads):
        """Computes the sequences in `order` (int64): their losses; the gradient and the posteriors where there are
        arrays for these."""
        cdef LossJob job
        cdef exact_sum total
        memset(&job, 0, sizeof(LossJob))
        job.batch = call.batch.data
        job.from_logits = call.from_logits
        job.count = order.size
        job.order = order_of(&job.batch, order)
        job.scales = <const double*> data_of(call.scales)
        job.losses = <double*> data_of(call.losses)
        job.saturated = <uint8_t*> data_of(call.saturated)
        job.grad = call.grad
        if call.posterior is not None:
            bind_posterior(&job, call.posterior, 8 if self.table.dtype == FL_FLOAT64 else 4)
        run_long(&self.table.ctc, self.table.shared_ctc, &job, threads, &total)

    def score(self, Emissions emissions not None, CandidateTree tree not None, cnp.ndarray scores,
              cnp.ndarray saturated, int threads):
        """Log-likelihoods of the targets of a tree; and, of each of its groups, whether a score was too far below its
        frame's best for this type's exponents."""
        cdef ScoreJob job
        cdef exact_sum total
        check_unchanged(scores.size == tree.count and saturated.size == tree.tree.groups, "candidates")
        bind_score_job(&job, emissions, tree, scores, saturated)
        run_long(&self.table.score, NULL, &job, threads, &total)


# ---- alignment ----

cdef int bind_alignment(AlignJob* job, tuple found) except -1:
    """`found` has the arrays of a CTCAlignment."""
    cdef Py_ssize_t size = job.batch.x.batch, labels = size * job.longest
    job.path = <int64_t*> numbers_of(found[0], size * job.batch.x.frames, sizeof(int64_t), "the batch")
    job.scores = <double*> numbers_of(found[1], size, sizeof(double), "the batch")
    job.starts = <int64_t*> numbers_of(found[2], labels, sizeof(int64_t), "targets")
    job.ends = <int64_t*> numbers_of(found[3], labels, sizeof(int64_t), "targets")
    job.token_scores = <double*> numbers_of(found[4], labels, sizeof(double), "targets")
    return 0


cdef class Viterbi(Kernels):
    """The best path, in double precision."""

    def align(self, CheckedBatch batch not None, cnp.ndarray order, tuple star, tuple found, int threads):
        """Aligns the sequences in `order` (int64). `star` is a label that matches anything (or -1) and its score.
        `found` has the arrays of a CTCAlignment, filled with -1 and NaN; what a sequence does not have stays so. The
        score is -inf where no path is possible."""
        cdef AlignJob job
        cdef exact_sum total
        memset(&job, 0, sizeof(AlignJob))
        job.batch = batch.data
        job.count = order.size
        job.order = order_of(&job.batch, order)
        job.star, job.star_score = star
        job.longest = longest_of(&job.batch)
        bind_alignment(&job, found)
        run_long(&self.table.align, self.table.shared_align, &job, threads, &total)


# ---- probabilities of prefixes ----

cdef int bind_state(State* to, state, Py_ssize_t frames, Py_ssize_t classes) except -1:
    cdef Py_ssize_t m, size
    to.count = state._last.size
    size = to.count * 2 * frames
    to.last = integers_of(state._last, to.count, "labels")
    to.mantissa = <real*> numbers_of(state._mantissas, size, sizeof(double), "the state")
    to.exponent = <xint*> numbers_of(state._exponents, size, sizeof(int64_t), "the state")
    to.has_nan = <uint8_t*> numbers_of(state._has_nan, to.count, 1, "the state")
    for m in range(to.count):
        check_unchanged(-1 <= to.last[m] < classes, "labels")
    return 0


cdef int bind_scores(State* to, scores, complete) except -1:
    to.scores = <double*> numbers_of(scores, to.count, sizeof(double), "the state")
    to.complete = <double*> numbers_of(complete, to.count, sizeof(double), "the state")
    return 0


cdef int bind_extension(ExtendJob* job, old, parent, new) except -1:
    recording = new._recording
    cdef cnp.ndarray x = recording.scores_by_class
    cdef Py_ssize_t m
    memset(job, 0, sizeof(ExtendJob))
    check_unchanged(x.ndim == 2 and 0 <= recording.blank < x.shape[0], "the recording")
    job.x = <const real*> numbers_of(x, x.size, sizeof(double), "the recording")
    job.frames = x.shape[1]
    job.blank = recording.blank
    bind_state(&job.new, new, job.frames, x.shape[0])
    bind_scores(&job.new, new._scores, new._complete)
    if old is None:
        return check_unchanged(job.new.count == 1, "the state")
    bind_state(&job.old, old, job.frames, x.shape[0])
    job.parent = integers_of(parent, job.new.count, "hypotheses")
    for m in range(job.new.count):
        check_unchanged(0 <= job.parent[m] < job.old.count and job.new.last[m] >= 0, "hypotheses")
    return 0


cdef class Prefix(Kernels):
    """Probabilities of prefixes, in double precision."""

    def root(self, state):
        """Computes a CTCPrefixState of the empty prefix."""
        cdef ExtendJob job
        bind_extension(&job, None, None, state)
        self.table.root(&job)

    def extend(self, old, parent, new, int threads):
        """Computes a CTCPrefixState: hypothesis m is old's parent[m] (int64) and a label more."""
        cdef ExtendJob job
        cdef exact_sum total
        bind_extension(&job, old, parent, new)
        run_kernel(&self.table.extend, &job, threads, &total)


# ---- decoding ----

cdef object array_of(const int64_t* numbers, Py_ssize_t count):
    cdef cnp.npy_intp size = count
    cdef object array = cnp.PyArray_SimpleNew(1, &size, cnp.NPY_INT64)
    memcpy(cnp.PyArray_DATA(array), numbers, count * sizeof(int64_t))
    return array


cdef object results_of(const Found* found):
    """A list of (labels, score, frames), or None where there is a score that is none."""
    cdef Py_ssize_t i
    cdef const Reading* reading
    if not found.has_memory:
        raise MemoryError
    if found.is_wrong:
        return None
    results = []
    for i in range(found.count):
        reading = &found.readings[i]
        results.append((array_of(reading.labels, reading.length), reading.score,
                        array_of(reading.frames, reading.length)))
    return results


cdef void free_found(Found* found, Py_ssize_t size) noexcept:
    cdef Py_ssize_t n, i
    for n in range(size):
        if found[n].readings != NULL:
            for i in range(found[n].count):
                free(found[n].readings[i].labels)
            free(found[n].readings)
    free(found)


cdef class Decode(Kernels):
    """Best path and prefix beam search, in double precision."""

    def decode(self, CheckedBatch batch not None, cnp.ndarray order, tuple beam, double floor, int threads):
        """Decodes all sequences; `order` is that in which threads take them, `beam` its width and how many hypotheses
        are wanted at most. Classes whose score is below the frame's largest by more than -floor count as impossible.
        For each sequence a list of (labels, score, frames), or None where one of its scores is NaN or +inf."""
        cdef DecodeJob job
        cdef exact_sum total
        cdef Py_ssize_t n, count = batch.data.x.batch
        memset(&job, 0, sizeof(DecodeJob))
        job.batch = batch.data
        check_unchanged(order.size == count, "the batch")
        job.count = count
        job.order = order_of(&job.batch, order)
        # More than a beam can have: it ends in an error, but then there is no memory for it either.
        job.beam_width, job.n_best = [min(number, MOST_HYPOTHESES + 1) for number in beam]
        job.floor = floor
        job.found = <Found*> calloc(max(<Py_ssize_t> 1, count), sizeof(Found))
        if job.found == NULL:
            raise MemoryError
        try:
            run_long(&self.table.decode, NULL, &job, threads, &total)
            return [results_of(&job.found[n]) for n in range(count)]
        finally:
            free_found(job.found, count)
