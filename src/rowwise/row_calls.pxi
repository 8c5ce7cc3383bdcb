"""Calls of functions of rows. Included by calls.pyx.

Each def takes arrays with the class axis last, already validated and not empty, and the Outputs of
fastloss/_loss.py; it returns the sum of the losses as two doubles: rounded, and what that leaves.
"""


cdef int set_scores(Scores* scores, cnp.ndarray x, double temperature, int native) except -1:
    """From an array with the class axis last, which is not empty."""
    view_of(&scores.x, x, native)
    scores.classes = x.shape[x.ndim - 1]
    scores.rows = x.size // scores.classes
    scores.inverse_temperature = 1 / temperature
    return 0


cdef class CrossEntropy(Kernels):
    """Cross-entropy and its relatives: rows of class scores with a label each (label_losses.h), or with a
    distribution."""
    PART, START = PART_CLASSES, (0.0, 0.0, -INF, 0.0)

    cdef label_loss loss_called(self, str name) except NULL:
        cdef label_loss found = self.table.find_label_loss(PyUnicode_AsUTF8AndSize(name, NULL))
        if found == NULL:
            raise LookupError(f"the compiled kernels have no loss {name!r}: they must be built again, or it is not in "
                              "LABEL_LOSSES in src/rowwise/label_losses.h")
        return found

    def of_labels(self, str name, cnp.ndarray x, cnp.ndarray labels, long long ignore_index, tuple options,
                  double temperature, part, weights, outputs):
        """A loss of label_losses.h. labels: int64, one a row. weights: float64, one a row, or None; rows with a weight
        of 0 do not count, and may have any label.

        part: None, or (first class, states) where x is of some classes, from that one on; temperature is 1 then, and
        there are no derivatives. Each call adds its classes to the states, four float64 a row, RowState, which begin
        as START. The losses are right once all classes have come; they have the bits of one call where each part but
        the last has a multiple of PART classes."""
        cdef LabelJob job
        cdef exact_sum total
        job.loss = self.loss_called(name)
        job.options.number[0], job.options.number[1] = options
        set_scores(&job.scores, x, temperature, self.table.dtype)
        expect_size(labels, job.scores.rows, "target")
        expect_size(weights, job.scores.rows, "sample_weight")
        read_outputs(&job.out, outputs, job.scores.rows, x.size, self.table.dtype)
        job.labels = <const int64_t*> data_of(labels)
        job.weights = <const double*> data_of(weights)
        job.ignore_index = ignore_index
        job.states, job.first_class = NULL, 0
        if part is not None:
            job.first_class, states = part
            expect_size(states, job.scores.rows * 4, "states")
            job.states = <RowState*> data_of(states)
        run_kernel(&self.table.labelled_rows, &job, job.out.threads, &total)
        return total.high, total.low

    def of_targets(self, cnp.ndarray x, target, labels, class_weight, long long ignore_index, double smoothing,
                   double temperature, weights, outputs):
        """Cross-entropy with `target`, distributions; or, where that is None, with int64 labels that smoothing turns
        into such. class_weight: of the kernel's type, or None; weights: float64, one a row, or None."""
        cdef TargetJob job
        cdef exact_sum total
        set_scores(&job.scores, x, temperature, self.table.dtype)
        expect_size(target, x.size, "target")
        expect_size(labels, job.scores.rows, "target")
        expect_size(class_weight, job.scores.classes, "class_weight")
        expect_size(weights, job.scores.rows, "sample_weight")
        view_of(&job.target, target, self.table.dtype)
        read_outputs(&job.out, outputs, job.scores.rows, x.size, self.table.dtype)
        job.labels = <const int64_t*> data_of(labels)
        job.class_weight = data_of(class_weight)
        job.weights = <const double*> data_of(weights)
        job.ignore_index = ignore_index
        job.smoothing = smoothing
        run_kernel(&self.table.target_rows, &job, job.out.threads, &total)
        return total.high, total.low

    def nll(self, cnp.ndarray log_probs, cnp.ndarray labels, long long ignore_index, weights, outputs):
        """The sum of -weight * log_probs[row, label]. labels: int64, one a row. weights: float64, one a row, or
        None."""
        cdef NllJob job
        cdef exact_sum total
        job.classes = log_probs.shape[log_probs.ndim - 1]
        job.rows = log_probs.size // job.classes
        expect_size(labels, job.rows, "target")
        expect_size(weights, job.rows, "sample_weight")
        view_of(&job.log_probs, log_probs, self.table.dtype)
        read_outputs(&job.out, outputs, job.rows, log_probs.size, self.table.dtype)
        job.labels = <const int64_t*> data_of(labels)
        job.weights = <const double*> data_of(weights)
        job.ignore_index = ignore_index
        run_kernel(&self.table.log_prob_rows, &job, job.out.threads, &total)
        return total.high, total.low

    def label_scores(self, cnp.ndarray x, cnp.ndarray labels, long long ignore_index, cnp.ndarray log_prob,
                     cnp.ndarray rank, cnp.ndarray best, cnp.ndarray entropy, int threads):
        """labels: int64, one a row. The four arrays of results are the call's own: contiguous, one number a row, of the
        kernel's type, and rank and best int64."""
        cdef LabelScoresJob job
        cdef exact_sum total
        set_scores(&job.scores, x, 1, self.table.dtype)
        expect_size(labels, job.scores.rows, "target")
        job.labels = <const int64_t*> data_of(labels)
        job.ignore_index = ignore_index
        job.log_prob = data_of(log_prob)
        job.rank = <int64_t*> data_of(rank)
        job.best = <int64_t*> data_of(best)
        job.entropy = data_of(entropy)
        run_kernel(&self.table.ranked_rows, &job, threads, &total)

    def FastPath(self, str name, tuple options, long long ignore_index, dict reductions, str reduction,
                 Py_ssize_t large):
        """See fast_path.pxi. `reductions` are what each name does, `reduction` and `ignore_index` the defaults."""
        cdef LabelPath path = LabelPath.__new__(LabelPath)
        path.table = self.table
        path.type_number = type_number_of(self.table.dtype)
        path.loss = self.loss_called(name)
        path.options.number[0], path.options.number[1] = options
        path.ignore_index = ignore_index
        path.reductions = reductions
        path.reduction = reductions[reduction]
        path.large = large
        return path


cdef enum:
    FEW_LABELS = 256    # of another type than int64: copied to the stack, as a new array would take a tenth of the call


cdef inline bint are_plain_integers(object array) noexcept:
    return (cnp.PyArray_CheckExact(array) and cnp.PyTypeNum_ISINTEGER(cnp.PyArray_TYPE(<cnp.ndarray> array))
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray> array))


cdef object int64_labels(cnp.ndarray array, int64_t* few, const int64_t** labels):
    """Finds plain integers as int64: where they are, or copied to `few`, or to an array that is returned to be kept."""
    cdef object copy = None
    cdef int type_number = cnp.PyArray_TYPE(array)
    cdef cnp.npy_intp size = cnp.PyArray_SIZE(array)
    labels[0] = <const int64_t*> data_of(array)
    if type_number != cnp.NPY_INT64:
        if size > FEW_LABELS:
            copy = cnp.PyArray_EMPTY(1, &size, cnp.NPY_INT64, 0)
            few = <int64_t*> data_of(copy)
        widen_labels(few, labels[0], size, <int> cnp.PyArray_ITEMSIZE(array), not cnp.PyTypeNum_ISUNSIGNED(type_number))
        labels[0] = few
    return copy


cdef class LabelPath:
    """The fast path of one loss of labels."""
    cdef const kernel_table* table
    cdef int type_number
    cdef label_loss loss
    cdef label_options options
    cdef int64_t ignore_index
    cdef dict reductions
    cdef int reduction
    cdef Py_ssize_t large

    def call(self, tuple arguments, dict given, bint want_value, int derivatives):
        cdef LabelJob job
        cdef FastOptions options
        cdef label_rule rule
        cdef int64_t few[FEW_LABELS]
        cdef int last, code, native = self.table.dtype
        cdef exact_sum total
        cdef Py_ssize_t size, counted
        cdef object values = None, out
        cdef tuple results
        options.want_value, options.derivatives, options.reduction = want_value, derivatives, self.reduction
        out = read_options(given, self.reductions, &options)
        if out is False or len(arguments) != 2:
            return None
        x, y = arguments
        code = plain_code(x, native)
        if code < 0 or not are_plain_integers(y):
            return None
        last = cnp.PyArray_NDIM(<cnp.ndarray> x) - 1
        size = cnp.PyArray_SIZE(<cnp.ndarray> x)
        if last < 0 or not 0 < size < self.large or not has_shape(y, last, cnp.PyArray_DIMS(<cnp.ndarray> x)):
            return None
        job.scores.classes = cnp.PyArray_DIM(<cnp.ndarray> x, last)
        job.scores.rows = size // job.scores.classes
        _kept = int64_labels(y, few, &job.labels)
        job.ignore_index = rule.ignore_index = self.ignore_index
        rule.classes = job.scores.classes
        rule.has_ignored = True
        counted = self.table.count_labels(job.labels, NULL, job.scores.rows, rule)
        if counted < 0:
            return None
        results = derivative_arrays(x, y, out, derivatives)
        if results is None:
            return None
        if want_value and options.reduction & KEEPS_EACH:
            values = cnp.PyArray_EMPTY(last, cnp.PyArray_DIMS(<cnp.ndarray> y), self.type_number, 0)
        plain_view(&job.scores.x, x, size, code, native)
        plain_view(&job.out.values, values, size, native, native)
        plain_view(&job.out.grad, results[0], size, code, native)
        plain_view(&job.out.hess, results[1], size, code, native)
        job.scores.inverse_temperature = 1
        job.loss = self.loss
        job.options = self.options
        job.weights = NULL
        job.states, job.first_class = NULL, 0
        job.out.want_value = want_value
        job.out.scale = derivative_scale(options.reduction, counted)
        run_kernel(&self.table.labelled_rows, &job, 0, &total)
        return fast_result(&options, total.high, counted, values, results)


cdef class Softmax(Kernels):
    """softmax, log_softmax and logsumexp."""
    WHAT = SOFTMAX, LOG_SOFTMAX, LOGSUMEXP      # for fastloss/normalization.py to name

    def normalise(self, cnp.ndarray x, cnp.ndarray out, int what, int threads):
        """`what` is one of WHAT. `out` has the shape of x, or its rows for logsumexp."""
        cdef NormalJob job
        cdef exact_sum total
        set_scores(&job.scores, x, 1, self.table.dtype)
        view_of(&job.out, out, self.table.dtype)
        job.what = what
        run_kernel(&self.table.normal_rows, &job, threads, &total)


cdef dict KINDS = {"forward": FL_FORWARD, "reverse": FL_REVERSE, "jensen_shannon": FL_JENSEN_SHANNON}   # see row_loss.h


cdef class Divergence(Kernels):
    """Entropy and divergences of logits."""

    def of_logits(self, str kind, cnp.ndarray x, target, double temperature, double beta, weights, outputs):
        """The sum over rows of a divergence of the softmaxes of target and x, one of KINDS, or of x's entropy where
        there is no target. weights: float64, one a row, or None. beta: how much the target counts in the
        Jensen-Shannon divergence."""
        cdef PairJob job
        cdef exact_sum total
        set_scores(&job.scores, x, temperature, self.table.dtype)
        expect_size(target, x.size, "target")
        expect_size(weights, job.scores.rows, "sample_weight")
        view_of(&job.target, target, self.table.dtype)
        read_outputs(&job.out, outputs, job.scores.rows, x.size, self.table.dtype)
        job.weights = <const double*> data_of(weights)
        job.kind = KINDS[kind]
        job.beta = beta
        run_kernel(&self.table.pair_rows, &job, job.out.threads, &total)
        return total.high, total.low

    def compare(self, cnp.ndarray x, cnp.ndarray target, labels, long long ignore_index, tuple results, int threads):
        """Of each row of a model's scores x and of a reference's: what ComparisonJob has, into `results`, contiguous
        arrays of uint8, float64, and of float64 for the labels' costs. labels: int64, one a row, or None."""
        cdef ComparisonJob job
        cdef exact_sum total
        set_scores(&job.scores, x, 1, self.table.dtype)
        expect_size(target, x.size, "reference_logits")
        expect_size(labels, job.scores.rows, "target")
        for array in results:
            expect_size(array, job.scores.rows, "logits")
        view_of(&job.target, target, self.table.dtype)
        job.labels = <const int64_t*> data_of(labels)
        job.ignore_index = ignore_index
        job.found = <uint8_t*> data_of(results[0])
        job.divergence = <double*> data_of(results[1])
        job.cost = <double*> data_of(results[2])
        job.target_cost = <double*> data_of(results[3])
        run_kernel(&self.table.compared_rows, &job, threads, &total)
