"""Scores, targets and lengths as a batch, checked. Included by calls.pyx, which explains the names."""


cdef class Emissions:
    """Scores seen as (T, N, C), whatever the layout they came in."""

    def __cinit__(self, scores, str name, batch_first):
        cdef cnp.ndarray array = own_view(as_plain(scores, name))
        cdef int dimensions = cnp.PyArray_NDIM(array)
        self.name = name
        self.array = array
        if dtype_code(array) < 0:
            check().number_code(array, name)
        if dimensions != 2 and dimensions != 3:
            raise ValueError(f"{name} has shape {shape_of(array)}; expected (T, N, C), or (T, C) for one sequence")
        self.single = dimensions == 2
        is_first = batch_first if type(batch_first) is bool else check().as_flag(batch_first, "batch_first")
        self.batch_first = is_first and not self.single
        set_rows(&self.rows, array, self.single, self.batch_first)
        if not self.rows.classes:
            raise ValueError(f"{name} has shape {shape_of(array)}: there is no class, not even the blank")
        if self.rows.classes >= 1 << 31:
            raise ValueError(f"{name} has {self.rows.classes} classes; at most 2**31 - 1 are possible")
        self.bits = check().kernel_bits(self.rows.dtype)

    @property
    def classes(self):
        return self.rows.classes


cdef int set_rows(Rows* rows, cnp.ndarray array, bint single, bint batch_first) except -1:
    """An array of two or three dimensions, seen as (T, N, C)."""
    cdef int frames = 1 if batch_first else 0, sequences = 0 if batch_first else 1
    rows.data = cnp.PyArray_BYTES(array)
    rows.dtype = dtype_code(array)
    rows.frames = cnp.PyArray_DIM(array, frames)
    rows.stride[0] = cnp.PyArray_STRIDE(array, frames)
    rows.batch = 1 if single else cnp.PyArray_DIM(array, sequences)
    rows.stride[1] = 0 if single else cnp.PyArray_STRIDE(array, sequences)
    rows.classes = cnp.PyArray_DIM(array, cnp.PyArray_NDIM(array) - 1)
    rows.stride[2] = cnp.PyArray_STRIDE(array, cnp.PyArray_NDIM(array) - 1)
    return 0


cdef int set_rows_like(Rows* rows, cnp.ndarray array, Emissions emissions) except -1:
    """Of an array for the gradient, which has the layout of the scores; its shape may have changed since it was
    checked."""
    cdef const Rows* x = &emissions.rows
    check_unchanged(cnp.PyArray_NDIM(array) == (2 if emissions.single else 3), "out")
    set_rows(rows, array, emissions.single, emissions.batch_first)
    check_unchanged(rows.frames == x.frames and rows.batch == x.batch and rows.classes == x.classes
                    and 0 <= rows.dtype <= FL_BFLOAT16, "out")
    return 0


def one_recording(log_probs):
    """The emissions of a function that takes a single sequence."""
    cdef Emissions emissions = Emissions(log_probs, "log_probs", False)
    if not emissions.single:
        shape, remedy = shape_of(emissions.array), ""
        if 1 in shape[:2]:
            remedy = f"; take log_probs[{'0' if shape[0] == 1 else ':, 0'}]"
        raise ValueError(f"log_probs has shape {shape}; expected (T, C), one recording{remedy}")
    return emissions


cdef str other_layout(Emissions emissions, cnp.ndarray given):
    """What the text of an error says where targets or lengths, which are of another batch than the scores, would fit
    the scores in the other order of axes."""
    return layout_for(emissions, cnp.PyArray_DIM(given, 0) if cnp.PyArray_NDIM(given) else 1)


cdef str layout_for(Emissions emissions, Py_ssize_t sequences):
    cdef tuple shape = shape_of(emissions.array)
    if emissions.single or not sequences or shape[0] == shape[1] or shape[int(emissions.batch_first)] != sequences:
        return ""
    if emissions.batch_first:
        return f"; without batch_first, {emissions.name} of shape {shape} is (T, N, C), a batch of {sequences}"
    return f"; with batch_first=True, {emissions.name} of shape {shape} is (N, T, C), a batch of {sequences}"


# ---- options ----

cpdef Py_ssize_t as_blank(blank, Py_ssize_t classes) except -1:
    cdef int64_t number = as_int64(blank, "blank")
    if not -classes <= number < classes:
        raise ValueError(f"blank is {number}; expected a class -{classes}..{classes - 1}")
    return number if number >= 0 else number + classes


def as_infeasible(infeasible, tuple allowed=("inf", "zero", "raise")):
    if infeasible not in allowed:
        raise ValueError(f"infeasible must be one of {', '.join(map(repr, allowed))}, got {infeasible!r}")
    return str(infeasible)


# ---- a batch ----

cdef class CheckedBatch:
    """Scores with their targets and lengths, and what follows from them."""

    def __dealloc__(self):
        free(self.input_lengths)

    def forbid_infeasible(self):
        """For infeasible="raise"."""
        cdef Py_ssize_t n
        if self.infeasible == "raise":
            for n in range(self.targets.count):
                if not self.feasible[n]:
                    raise ValueError(self.frames_missing(n))

    @property
    def blank(self):
        return self.data.blank

    def frames_of(self, Py_ssize_t n):
        """The scores of sequence n's own frames, (T, C)."""
        array = self.emissions.array
        if not self.emissions.single:
            array = array[n] if self.emissions.batch_first else array[:, n]
        return array[: self.input_lengths[n]]

    def target_of(self, Py_ssize_t n):
        return copied(self.targets.labels + self.targets.offsets[n], self.targets.lengths[n])

    def all_labels(self):
        """Those of all targets, one after the other, and how many each has."""
        return copied(self.targets.labels, self.targets.size), copied(self.targets.lengths, self.targets.count)

    def frames_missing(self, Py_ssize_t n):
        """The text about a sample whose target can't be emitted."""
        return (
            f"sample {n}: its target of {self.targets.lengths[n]} labels needs {self.targets.frames_needed[n]} frames, "
            f"there are {self.input_lengths[n]}"
        )


def batch_of(Emissions emissions, targets, tuple lengths, Py_ssize_t blank, str infeasible, star=-1, unused=None):
    """A CheckedBatch. `lengths` are of inputs and of targets. `unused`, a bool array, says which sequences do not
    count: they are of no frames and no labels, whatever they hold."""
    cdef Py_ssize_t n, count = emissions.rows.batch
    cdef const uint8_t* is_unused = <const uint8_t*> data_of(unused)
    cdef CheckedBatch batch = new_batch(emissions, lengths[0], is_unused)
    cdef Sequences s = batch.targets
    batch.infeasible = infeasible
    read_targets(s, targets, lengths[1], emissions, is_unused)
    if is_unused != NULL:
        for n in range(count):
            if is_unused[n]:
                batch.input_lengths[n] = s.lengths[n] = 0
        keep_counted(s)
    check_labels(s, "targets", emissions.rows.classes, blank, star)
    for n in range(count):
        batch.feasible[n] = s.frames_needed[n] <= batch.input_lengths[n]
    set_data(batch, blank)
    return batch


cdef CheckedBatch batch_of_one(Emissions emissions, Sequences target, Py_ssize_t blank):
    """Of one recording and its target, which is checked already."""
    cdef CheckedBatch batch = new_batch(emissions, None, NULL)
    batch.targets = target
    batch.infeasible = "inf"
    batch.feasible[0] = target.frames_needed[0] <= batch.input_lengths[0]
    set_data(batch, blank)
    return batch


cdef CheckedBatch batch_without_targets(Emissions emissions, input_lengths, Py_ssize_t blank):
    """Of scores alone: every target is empty."""
    cdef CheckedBatch batch = new_batch(emissions, input_lengths, NULL)
    cdef Py_ssize_t n, count = emissions.rows.batch
    allocate_sequences(batch.targets, count)
    for n in range(count):
        batch.targets.offsets[n] = batch.targets.lengths[n] = batch.targets.frames_needed[n] = 0
        batch.feasible[n] = True
    set_data(batch, blank)
    return batch


cdef CheckedBatch new_batch(Emissions emissions, input_lengths, const uint8_t* unused):
    """The frames that count, and room for what targets are needed for."""
    cdef CheckedBatch batch = CheckedBatch.__new__(CheckedBatch)
    cdef Py_ssize_t n, count = emissions.rows.batch
    batch.emissions = emissions
    batch.targets = Sequences.__new__(Sequences)
    batch.input_lengths = <int64_t*> allocate(count, sizeof(int64_t) + 1)
    batch.feasible = <uint8_t*> (batch.input_lengths + count)
    for n in range(count):
        batch.input_lengths[n] = emissions.rows.frames
    if input_lengths is not None:
        read_lengths(batch.input_lengths, count, input_lengths, "input_lengths", "frames", unused, emissions)
    return batch


cdef void set_data(CheckedBatch batch, Py_ssize_t blank) noexcept:
    batch.data.x = batch.emissions.rows
    batch.data.blank = blank
    batch.data.labels = batch.targets.labels
    batch.data.offsets = batch.targets.offsets
    batch.data.target_lengths = batch.targets.lengths
    batch.data.input_lengths = batch.input_lengths
    batch.data.feasible = batch.feasible


cdef cnp.ndarray copied(const int64_t* numbers, cnp.npy_intp count):
    cdef cnp.ndarray copy = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT64, 0)
    if count:
        memcpy(cnp.PyArray_DATA(copy), numbers, count * sizeof(int64_t))
    return copy


cdef inline double cells_of(CheckedBatch batch, Py_ssize_t n) noexcept:
    """Of the recursion of a sequence."""
    return batch.input_lengths[n] * (2.0 * batch.targets.lengths[n] + 1)


cdef double all_cells(CheckedBatch batch) noexcept:
    cdef Py_ssize_t n
    cdef double cells = 0
    for n in range(batch.targets.count):
        cells += cells_of(batch, n)
    return cells


cdef object progress_of(progress, double first=1):
    """See runtime.pyx. `first` is the share that the first of several runs has."""
    return module("_kernels").runtime.progress_of(progress, first)


cdef int threads_for(num_threads, double work) except -1:
    return module("_threads").threads_for(num_threads, <int64_t> min(work, 2.0 ** 60))


cdef cnp.ndarray order_of_work(CheckedBatch batch, int threads):
    """The order in which threads take sequences: the longest first, since batches are ragged."""
    cdef cnp.npy_intp count = batch.targets.count
    cdef cnp.ndarray order = cnp.PyArray_EMPTY(1, &count, cnp.NPY_INT64 if threads == 1 else cnp.NPY_FLOAT64, 0)
    cdef Py_ssize_t n
    if threads == 1:
        for n in range(count):
            (<int64_t*> cnp.PyArray_DATA(order))[n] = n
        return order
    for n in range(count):
        (<double*> cnp.PyArray_DATA(order))[n] = -cells_of(batch, n)
    return order.argsort(kind="stable").astype(np.int64, copy=False)


cdef Py_ssize_t longest_target(CheckedBatch batch) noexcept:
    cdef Py_ssize_t n, longest = 0
    for n in range(batch.targets.count):
        longest = max(longest, batch.targets.lengths[n])
    return longest


# ---- targets, in their forms ----

cdef int read_targets(Sequences s, targets, target_lengths, Emissions emissions, const uint8_t* unused) except -1:
    """Lengths and labels of all that count; labels of sequences that are not used may be among them."""
    cdef cnp.ndarray array = array_of_ints(targets) if type(targets) is not int else None
    cdef bint is_partly_used = unused != NULL or target_lengths is not None
    cdef int dimensions
    if array is None:
        given = sequences_or_labels(targets, "targets")
        if type(given) is tuple and (not emissions.single or len(given) == 1):
            return read_list(s, given, target_lengths, emissions, unused)
        array = label_array(given, "targets", -1, emissions, is_partly_used)
    dimensions = cnp.PyArray_NDIM(array)
    if dimensions == 2 and (not emissions.single or cnp.PyArray_DIM(array, 0) == 1):
        return read_padded(s, array, target_lengths, emissions, unused)
    if dimensions != 1:
        raise ValueError(f"targets has shape {shape_of(array)}; expected (N, S), one behind the other "
                         "(sum of lengths,), or a list")
    return read_concatenated(s, array, target_lengths, emissions)


cdef int read_list(Sequences s, tuple targets, target_lengths, Emissions emissions, const uint8_t* unused) except -1:
    read_sequences(s, targets, "targets")
    if s.count != emissions.rows.batch:
        raise ValueError(f"targets is a list of {s.count} sequences; {emissions.name} has a batch of "
                         f"{emissions.rows.batch}{layout_for(emissions, s.count)}")
    if target_lengths is not None:
        read_lengths(s.lengths, s.count, target_lengths, "target_lengths", "labels", unused, emissions)
        keep_counted(s)
    return 0


cdef int read_padded(Sequences s, cnp.ndarray array, target_lengths, Emissions emissions,
                     const uint8_t* unused) except -1:
    cdef Py_ssize_t n, count = cnp.PyArray_DIM(array, 0), width = cnp.PyArray_DIM(array, 1)
    cdef int code = dtype_code(array)
    if count != emissions.rows.batch:
        raise ValueError(f"targets has shape {shape_of(array)}; {emissions.name} has a batch of "
                         f"{emissions.rows.batch}{other_layout(emissions, array)}")
    allocate_sequences(s, count)
    for n in range(count):
        s.lengths[n] = width
    if target_lengths is not None:
        read_lengths(s.lengths, count, target_lengths, "target_lengths", "labels", unused, emissions)
    for n in range(count):
        s.offsets[n] = s.size
        append_labels(s, cnp.PyArray_BYTES(array) + n * cnp.PyArray_STRIDE(array, 0), s.lengths[n],
                      cnp.PyArray_STRIDE(array, 1), code)
    return 0


cdef int read_concatenated(Sequences s, cnp.ndarray array, target_lengths, Emissions emissions) except -1:
    cdef Py_ssize_t n, count = emissions.rows.batch, size = cnp.PyArray_SIZE(array)
    if target_lengths is None and count != 1:
        raise ValueError("target_lengths is missing: targets of one dimension are sequences one behind the other"
                         f"{layout_for(emissions, 1)}")
    allocate_sequences(s, count)
    for n in range(count):
        s.lengths[n] = size
    if target_lengths is not None:
        read_lengths(s.lengths, count, target_lengths, "target_lengths", "labels", NULL, emissions)
    size = 0
    for n in range(count):
        s.offsets[n] = size
        size += s.lengths[n]
        if size > cnp.PyArray_SIZE(array) or size < 0:
            break
    # Of a single sequence, what lies beyond its length is padding.
    if size != cnp.PyArray_SIZE(array) and not emissions.single:
        raise ValueError(f"target_lengths has sum {sum([s.lengths[i] for i in range(count)])}; targets has "
                         f"{cnp.PyArray_SIZE(array)} labels")
    return append_labels(s, cnp.PyArray_BYTES(array), size, cnp.PyArray_STRIDE(array, 0), dtype_code(array))
