"""Calls of elementwise losses. Included by calls.pyx."""


cdef bint is_illegal(const ElementJob* job) noexcept:
    """Whether a number that was computed with is not legal."""
    return is_refused(&job.x_found) or is_refused(&job.y_found)


cdef void set_loss(ElementJob* job, const elementwise_loss* loss, const double* options, bint is_checked) noexcept:
    """What is computed, and which numbers are legal: any, unless `is_checked`. The arrays are set elsewhere."""
    job.compute = loss.compute
    job.finds_nan = (loss.shape & OF_TARGET) != 0
    job.options[0] = options[0]
    job.options[1] = options[1]
    job.width = 0
    job.x_legal = loss.x if is_checked else ANY_NUMBER
    job.y_legal = loss.y if is_checked else ANY_NUMBER
    memset(&job.x_found, 0, sizeof(findings))
    memset(&job.y_found, 0, sizeof(findings))


cdef int view_of_inputs(ElementJob* job, tuple arrays, int native) except -1:
    view_of(&job.x, arrays[0], native)
    view_of(&job.y, arrays[1], native)
    view_of(&job.z, arrays[2], native)
    view_of_weights(&job.weight, arrays[3], native)
    view_of(&job.where, arrays[4], native)
    return 0


cdef class Elementwise(Kernels):
    """All of elementwise/losses.h, and the sigmoid focal loss, by name."""

    cdef elementwise_loss loss_called(self, str name) except *:
        cdef elementwise_loss found
        if not self.table.find_element_loss(PyUnicode_AsUTF8AndSize(name, NULL), &found):
            raise LookupError(f"the compiled kernels have no loss {name!r}: they must be built again, or it is not in "
                              "ELEMENTWISE_LOSSES in src/elementwise/losses.h")
        return found

    def domains(self, str name):
        """(legal predictions, legal targets) of a loss, as Validation.DOMAINS has them."""
        cdef elementwise_loss loss = self.loss_called(name)
        return loss.x, loss.y

    def is_of_target(self, str name):
        """Whether a row without any target has no loss, whatever was predicted."""
        return bool(self.loss_called(name).shape & OF_TARGET)

    def evaluate(self, str name, tuple arrays, tuple options, bint is_checked, Py_ssize_t group, outputs):
        """(weighted sum of the losses as two doubles, whether a number was not legal). The arrays are x, y, z, weight,
        where, all of x's shape or None; values are one a group of elements. `options` are the loss's own two, and
        numbers are looked at where `is_checked`."""
        cdef ElementJob job
        cdef elementwise_loss loss = self.loss_called(name)
        cdef double numbers[2]
        cdef exact_sum total
        cdef int native = self.table.dtype
        numbers[0], numbers[1] = options
        set_loss(&job, &loss, numbers, is_checked)
        job.size = arrays[0].size
        job.group = group
        for array in arrays:
            expect_size(array, job.size, "an argument")
        read_outputs(&job.out, outputs, job.size // group, job.size, native)
        view_of_inputs(&job, arrays, native)
        run_kernel(&self.table.elements, &job, job.out.threads, &total)
        return (total.high, total.low), bool(is_illegal(&job))

    def sums_of_columns(self, str name, tuple arrays, tuple options, Py_ssize_t columns, int threads):
        """(partial sums of the losses down each column of (N, columns): an array (parts, columns) to be added up;
        whether a number was not legal). Arguments as of `evaluate`; by the kernels of float64 only."""
        cdef ElementJob job
        cdef elementwise_loss loss = self.loss_called(name)
        cdef double numbers[2]
        cdef exact_sum total
        cdef Py_ssize_t repeated = max(1, LONGEST_ROW // columns)
        if self.table.dtype != FL_FLOAT64:
            raise TypeError("sums of columns are in double precision")
        numbers[0], numbers[1] = options
        set_loss(&job, &loss, numbers, True)
        job.size = arrays[0].size
        job.width = columns * repeated
        for array in arrays:
            expect_size(array, job.size, "an argument")
        sums = np.zeros(((job.size - 1) // (job.width * ROWS_OF_CHUNK) + 1) * job.width)
        view_of_inputs(&job, arrays, self.table.dtype)
        plain_view(&job.out.values, sums, sums.size, FL_FLOAT64, FL_FLOAT64)
        plain_view(&job.out.grad, None, 0, FL_FLOAT64, FL_FLOAT64)
        plain_view(&job.out.hess, None, 0, FL_FLOAT64, FL_FLOAT64)
        job.out.want_value, job.out.scale, job.group = True, 1.0, 1
        run_kernel(&self.table.elements, &job, threads, &total)
        return sums.reshape(-1, columns), bool(is_illegal(&job))

    def FastPath(self, str name, tuple options, dict reductions, str reduction, Py_ssize_t large):
        """See fast_path.pxi. `reductions` are what each name does, `reduction` is the default's."""
        cdef ElementPath path = ElementPath.__new__(ElementPath)
        path.table = self.table
        path.type_number = type_number_of(self.table.dtype)
        path.loss = self.loss_called(name)
        path.options[0], path.options[1] = options
        path.reductions = reductions
        path.reduction = reductions[reduction]
        path.large = large
        return path


cdef class ElementPath:
    """The fast path of one loss."""
    cdef const kernel_table* table
    cdef int type_number
    cdef elementwise_loss loss
    cdef double[2] options
    cdef dict reductions
    cdef int reduction
    cdef Py_ssize_t large

    def call(self, tuple arguments, dict given, bint want_value, int derivatives):
        cdef ElementJob job
        cdef FastOptions options
        cdef exact_sum total
        cdef Py_ssize_t size
        cdef object values = None, out
        cdef tuple results
        cdef int dimensions, code, target_code, native = self.table.dtype
        options.want_value, options.derivatives, options.reduction = want_value, derivatives, self.reduction
        out = read_options(given, self.reductions, &options)
        if out is False or len(arguments) != 2 or (derivatives == 2 and not self.loss.shape & CURVED):
            return None
        x, y = arguments
        code, target_code = plain_code(x, native), plain_code(y, native)
        if code < 0 or target_code < 0:
            return None
        size, dimensions = cnp.PyArray_SIZE(<cnp.ndarray> x), cnp.PyArray_NDIM(<cnp.ndarray> x)
        if not (0 < size < self.large and has_shape(y, dimensions, cnp.PyArray_DIMS(<cnp.ndarray> x))):
            return None
        results = derivative_arrays(x, y, out, derivatives)
        if results is None:
            return None
        if want_value and options.reduction & KEEPS_EACH:
            values = cnp.PyArray_EMPTY(dimensions, cnp.PyArray_DIMS(<cnp.ndarray> x), self.type_number, 0)
        set_loss(&job, &self.loss, self.options, True)
        plain_view(&job.x, x, size, code, native)
        plain_view(&job.y, y, size, target_code, native)
        plain_view(&job.z, None, 0, native, native)
        plain_view(&job.weight, None, 0, native, native)
        plain_view(&job.where, None, 0, native, native)
        plain_view(&job.out.values, values, size, native, native)
        plain_view(&job.out.grad, results[0], size, code, native)
        plain_view(&job.out.hess, results[1], size, code, native)
        job.size = size
        job.group = 1
        job.out.want_value = want_value
        job.out.scale = derivative_scale(options.reduction, size)
        if out is not None:     # before anything is written to the caller's array
            self.table.look_at_elements(&job)
            if is_illegal(&job):
                return None
        run_kernel(&self.table.elements, &job, 0, &total)
        return None if is_illegal(&job) else fast_result(&options, total.high, size, values, results)
