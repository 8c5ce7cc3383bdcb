"""What extends the hypotheses of a beam search: which of them, by which labels. Included by calls.pyx."""


def extension(hypotheses, labels, Py_ssize_t count, Py_ssize_t classes, Py_ssize_t blank):
    """Which of `count` hypotheses new ones continue, and what each appends: int64 arrays of one dimension."""
    cdef cnp.ndarray chosen = array_of_ints(hypotheses), following = array_of_ints(labels)
    cdef Py_ssize_t size, m
    cdef int64_t* label
    if chosen is None:
        chosen = as_plain(hypotheses, "hypotheses")
    if cnp.PyArray_TYPE(chosen) == cnp.NPY_BOOL:
        raise TypeError("hypotheses has dtype bool; expected indices")
    chosen = label_array(chosen, "hypotheses")
    if following is None:
        following = label_array(labels, "labels")
    size = common_size(chosen, following)
    if size < 0:
        raise ValueError(f"hypotheses has shape {np.shape(hypotheses)} and labels {np.shape(labels)}; "
                         "expected (M,) for both")
    chosen, following = repeated(chosen, size), repeated(following, size)
    check_hypotheses(chosen, count)
    label = <int64_t*> cnp.PyArray_DATA(following)
    for m in range(size):
        if not 0 <= label[m] < classes or label[m] == blank:
            raise ValueError(f"labels[{m}] is {label[m]}; expected {expected_label(classes, blank)}")
    return chosen, following


def selection(hypotheses, Py_ssize_t count):
    """Which of `count` hypotheses are selected, by indices or by a mask: int64, of one dimension."""
    cdef cnp.ndarray chosen = own_view(as_plain(hypotheses, "hypotheses"))
    if cnp.PyArray_TYPE(chosen) == cnp.NPY_BOOL:
        if shape_of(chosen) != (count,):
            raise ValueError(f"hypotheses has shape {shape_of(chosen)}; expected ({count},) of a mask")
        chosen = np.flatnonzero(chosen)
    chosen = label_array(chosen, "hypotheses")
    if cnp.PyArray_NDIM(chosen) > 1:
        raise ValueError(f"hypotheses has shape {shape_of(chosen)} and labels (); expected (M,) for both")
    chosen = repeated(chosen, cnp.PyArray_SIZE(chosen))
    check_hypotheses(chosen, count)
    return chosen


cdef Py_ssize_t common_size(cnp.ndarray a, cnp.ndarray b) noexcept:
    """Of two arrays of at most one dimension, as NumPy broadcasts them; -1 where it does not."""
    cdef Py_ssize_t first = cnp.PyArray_SIZE(a), second = cnp.PyArray_SIZE(b)
    if cnp.PyArray_NDIM(a) > 1 or cnp.PyArray_NDIM(b) > 1 or (first != second and first != 1 and second != 1):
        return -1
    return second if first == 1 else first


cdef cnp.ndarray repeated(cnp.ndarray array, cnp.npy_intp size):
    """A copy, which does not change with the caller's array; a single number is there `size` times."""
    cdef cnp.ndarray copy = cnp.PyArray_EMPTY(1, &size, cnp.NPY_INT64, 0)
    cdef Py_ssize_t stride = cnp.PyArray_STRIDE(array, 0) if cnp.PyArray_NDIM(array) else 0
    copy_labels(<int64_t*> cnp.PyArray_DATA(copy), cnp.PyArray_BYTES(array), size,
                stride if cnp.PyArray_SIZE(array) > 1 else 0, dtype_code(array))
    return copy


cdef int check_hypotheses(cnp.ndarray chosen, Py_ssize_t count) except -1:
    cdef const int64_t* index = <const int64_t*> cnp.PyArray_DATA(chosen)
    cdef Py_ssize_t m
    for m in range(cnp.PyArray_SIZE(chosen)):
        if not 0 <= index[m] < count:
            raise ValueError(f"hypotheses[{m}] is {index[m]}; expected 0..{count - 1}")
    return 0
