"""Labels and ranges of numbers, looked at before anything is written; the rules of core/arguments.pxd for Python.
Included by calls.pyx."""

include "look_job.pxi"

cdef enum:
    MANY_LABELS = 1 << 22   # labels or numbers between two looks at signals: milliseconds


cdef class Validation(Kernels):
    # What each reduction does, for fastloss/_validation.py to name.
    SUMS, MEANS, KEEPS = REDUCES_TO_SUM, DIVIDES, KEEPS_EACH
    OUT_STATES = (OUT_FITS, OUT_IS_NO_ARRAY, OUT_HAS_ANOTHER_SHAPE, OUT_HAS_ANOTHER_DTYPE, OUT_IS_READ_ONLY)
    DOMAINS = {"any": ANY_NUMBER, "not negative": NOT_NEGATIVE, "unit": UNIT_INTERVAL, "signs": SIGNS}
    FLOAT32, FLOAT64, FLOAT16, BFLOAT16 = FL_FLOAT32, FL_FLOAT64, FL_FLOAT16, FL_BFLOAT16

    def code_of(self, cnp.ndarray array):
        """The code of array.h for the array's dtype; -1 for one that kernels don't read."""
        return dtype_code(array)

    def scale_of(self, int reduction, double denominator):
        return derivative_scale(reduction, denominator)

    def value_of(self, int reduction, double total, double denominator):
        return reduced_value(reduction, total, denominator)

    def state_of_out(self, out, tuple shape, cnp.dtype dtype):
        """Whether an array can be `out`, of the given shape and dtype: one of OUT_STATES."""
        cdef cnp.npy_intp dimensions[64]
        cdef int d, count = <int> len(shape)
        for d in range(count):
            dimensions[d] = shape[d]
        return out_state(out, count, dimensions, <cnp.PyArray_Descr*> dtype)

    def copies_out(self, cnp.ndarray out, cnp.ndarray prediction):
        return must_be_copied(out, prediction)

    def overlap(self, cnp.ndarray a, cnp.ndarray b):
        return may_overlap(a, b)

    def labels(self, cnp.ndarray array, weights, long long classes, ignore_index):
        """How many labels of a contiguous int64 array are not ignored, or -1 - the place of the first one out of range.
        weights: float64, one a label, or None. ignore_index: None where no label is ignored."""
        cdef const int64_t* label = <const int64_t*> data_of(array)
        cdef const double* weight = <const double*> data_of(weights)
        cdef Py_ssize_t size = array.size, start, n, found, counted = 0
        cdef label_rule rule
        expect_size(weights, size, "sample_weight")
        rule.classes = classes
        rule.has_ignored = ignore_index is not None
        rule.ignore_index = ignore_index if rule.has_ignored else -1
        for start from 0 <= start < size by MANY_LABELS:
            n = min(<Py_ssize_t> MANY_LABELS, size - start)
            with nogil:
                found = self.table.count_labels(label + start, weight, n, rule)
            if found < 0:
                return found - start
            if weight != NULL:
                weight += n
            counted += found
            if start + n < size:
                PyErr_CheckSignals()
        return counted

    cdef Py_ssize_t look(self, LookJob* job, cnp.ndarray array, tuple weighted, int threads) except -2:
        """The place, in C order, of the first number that is refused; -1 where none is. `weighted` are a weight and
        which numbers count, either None or of the shape of the array: what has no weight is not looked at."""
        cdef Py_ssize_t start, place
        cdef exact_sum total
        expect_size(weighted[0], array.size, "sample_weight")
        expect_size(weighted[1], array.size, "where")
        view_of(&job.numbers, array, self.table.dtype)
        view_of_weights(&job.weight, weighted[0], self.table.dtype)
        view_of(&job.where, weighted[1], self.table.dtype)
        job.size = array.size
        run_kernel(&self.table.numbers, job, threads, &total)
        if not is_refused(&job.found):
            return -1
        memset(&job.found, 0, sizeof(findings))
        for start from 0 <= start < job.size by MANY_LABELS:
            place = self.table.first_refused(job, start, min(start + <Py_ssize_t> MANY_LABELS, job.size))
            if place >= 0:
                return place
            PyErr_CheckSignals()
        return -1

    def outside(self, cnp.ndarray array, double low, double high, int threads):
        """The place of the first number below `low` or above `high`; -1 where there is none. NaN passes."""
        cdef LookJob job
        memset(&job, 0, sizeof(LookJob))
        job.is_range, job.low, job.high = True, low, high
        return self.look(&job, array, (None, None), threads)

    def outside_domain(self, cnp.ndarray array, tuple weighted, domain of, int threads):
        """The same for one of DOMAINS, of the numbers that have a weight: see look()."""
        cdef LookJob job
        memset(&job, 0, sizeof(LookJob))
        job.of = of
        return self.look(&job, array, weighted, threads)

    def sum_of_weights(self, cnp.ndarray weight, where):
        """The sum of the weights that count; `where` is a bool array of their shape, or None."""
        return self.weights_in_two(weight, where, 1)[0]

    def weights_in_two(self, cnp.ndarray weight, where, double times):
        """The same, times a whole number, as two doubles: rounded, and what that leaves."""
        cdef LookJob job
        cdef exact_sum total = NO_SUM
        memset(&job, 0, sizeof(LookJob))
        expect_size(where, weight.size, "where")
        view_of(&job.weight, weight, self.table.dtype)
        view_of(&job.where, where, self.table.dtype)
        job.size = weight.size
        if job.size:
            run_kernel(&self.table.weights, &job, 1, &total)
        total = exact_rounded(exact_times(total, times))
        return total.high, total.low
