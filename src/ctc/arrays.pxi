"""Arrays of a call as the kernels take them: looked at once more, where they are used. Included by trellis.pxi and
prefix.pyx.

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
