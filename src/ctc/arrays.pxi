"""Arrays of a call as the kernels take them: looked at once more, where they are used. Included by calls.pyx.

Between validation and kernel runs code of the caller's, a number's __index__ or another thread, and whatever a caller
can reach can have changed by then: its shape, its dtype, its numbers. What a kernel uses as an index or as a size is a
copy of what was validated, and has the size that the kernel goes by.
"""


cdef void* numbers_of(object array, Py_ssize_t count, Py_ssize_t itemsize, str name) except NULL:
    """The first of so many contiguous numbers, of so many bytes each."""
    cdef cnp.ndarray given = array
    check_unchanged(given.size == count and cnp.PyArray_ITEMSIZE(given) == itemsize
                    and cnp.PyArray_IS_C_CONTIGUOUS(given), name)
    return cnp.PyArray_DATA(given)


cdef const int64_t* integers_of(object array, Py_ssize_t count, str name) except NULL:
    return <const int64_t*> numbers_of(array, count, sizeof(int64_t), name)


# Frames times slots: a workspace has a hundred bytes for each at most, which 64 bits can count.
cdef double MOST_CELLS = 2.0 ** 50


cdef Py_ssize_t longest_of(const Batch* batch) noexcept nogil:
    """Labels of the longest target."""
    cdef Py_ssize_t n, longest = 0
    for n in range(batch.x.batch):
        longest = max(longest, batch.target_lengths[n])
    return longest


cdef const int64_t* order_of(const Batch* batch, cnp.ndarray order) except NULL:
    """The sequences to compute. Lengths of arrays that take no memory, broadcast ones, can be so large that the size of
    a workspace can't be counted."""
    cdef const int64_t* sequence = integers_of(order, order.size, "the batch")
    cdef Py_ssize_t i
    for i in range(order.size):
        check_unchanged(0 <= sequence[i] < batch.x.batch, "the batch")
        if (batch.input_lengths[sequence[i]] + 64.0) * (batch.target_lengths[sequence[i]] + 64.0) > MOST_CELLS:
            raise MemoryError
    return sequence
