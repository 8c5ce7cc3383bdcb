"""Rows of scores as the losses read them: over their temperature, with their labels. Included after row.pxi."""


cdef inline const real* read_scores(const Scores* scores, Py_ssize_t row, Py_ssize_t count,
                                    real* buffer) noexcept nogil:
    """Rows of scores over the temperature: where they lie, or in the buffer."""
    cdef Py_ssize_t n = scores.classes
    cdef const real* x = read_block(&scores.x, row * n, count * n, buffer)
    if scores.inverse_temperature != 1:
        temper_rows(x, buffer, count, n, scores.inverse_temperature)
        x = buffer
    return x


cdef number_run find_scores_of_row(const Scores* scores, Py_ssize_t row, real* buffer) noexcept nogil:
    """The same of one row, whose halves stay where they lie without a temperature."""
    cdef Py_ssize_t n = scores.classes
    cdef number_run run = find_block(&scores.x, row * n, n, buffer)
    if scores.inverse_temperature == 1:
        return run
    return numbers_at(temper_row(&run, buffer, n, scores.inverse_temperature))


cdef inline real tau_of(const Scores* scores) noexcept nogil:
    """One over the temperature, rounded to the type."""
    return <real> scores.inverse_temperature


cdef inline int64_t label_or_none(const int64_t* label, int64_t ignore_index, int64_t classes) noexcept nogil:
    """A row's label; -1 for one that is ignored, or no class, as in read_labels(). It is read once, as there."""
    cdef int64_t found = label[0]
    return -1 if found == ignore_index or <uint64_t> found >= <uint64_t> classes else found


cdef void temper_rows(const real* x, real* out, Py_ssize_t count, Py_ssize_t n, double factor) noexcept nogil:
    """Rows over their temperature."""
    cdef number_run run
    cdef Py_ssize_t r
    for r in range(count):
        run = numbers_at(x + r * n)
        temper_row(&run, out + r * n, n, factor)


cdef const real* temper_row(const number_run* row, real* out, Py_ssize_t n, double factor) noexcept nogil:
    """The factor times x - peak, which leaves the softmax as it is: so differences are rounded, not scores, and once.
    Without a finite peak, the factor times x."""
    cdef real peak = peak_of_row(row, n, out)
    cdef const real* x
    cdef Py_ssize_t start, size
    if not r_abs(peak) <= FL_LARGEST:
        peak = 0
    for start from 0 <= start < n by ROW_BLOCK:
        size = min(n - start, <Py_ssize_t> ROW_BLOCK)
        x = widened_piece(row, start, size, out + start)
        temper(x, out + start, size, peak, factor)
    return out


cdef void temper(const real* x, real* out, Py_ssize_t n, real peak, double factor) noexcept nogil:
    cdef Py_ssize_t c
    for c in range(n):
        out[c] = <real> (factor * (x[c] - peak))
