"""From NumPy arrays to what kernels see of them, and what is checked on the way."""

cimport numpy as cnp

from core cimport *


cdef inline int dtype_code(cnp.ndarray array) except -2:
    """The code of array.h; -1 for a dtype that kernels don't read. NumPy has no bfloat16 of its own: it is known by the
    name of its type, so that nothing is imported for it; or it is the BFLOAT16_BITS of fastloss/_foreign.py, whose one
    field has that name."""
    cdef int number = cnp.PyArray_TYPE(array), size = <int> cnp.PyArray_ITEMSIZE(array)
    if number == cnp.NPY_FLOAT32:
        return FL_FLOAT32
    if number == cnp.NPY_FLOAT64:
        return FL_FLOAT64
    if number == cnp.NPY_FLOAT16:
        return FL_FLOAT16
    if number == cnp.NPY_BOOL:
        return FL_BOOL
    if cnp.PyTypeNum_ISUNSIGNED(number):    # `long` and `long long` are types of their own of one width
        return FL_UINT8 if size == 1 else FL_UINT16 if size == 2 else FL_UINT32 if size == 4 else FL_UINT64
    if cnp.PyTypeNum_ISSIGNED(number):
        return FL_INT8 if size == 1 else FL_INT16 if size == 2 else FL_INT32 if size == 4 else FL_INT64
    if size == 2 and (array.dtype.name == "bfloat16" or array.dtype.names == ("bfloat16",)):
        return FL_BFLOAT16
    return -1


cdef inline int view_of(array_view* view, object array, int native) except -1:
    """`native` is the dtype of the kernel. None for an array that is not there."""
    cdef cnp.ndarray given
    view.data = NULL
    view.direct = False
    if array is None:
        return 0
    given = array
    view_init(view, cnp.PyArray_DATA(given), dtype_code(given), native, cnp.PyArray_NDIM(given),
              <const Py_ssize_t*> cnp.PyArray_DIMS(given), <const Py_ssize_t*> cnp.PyArray_STRIDES(given))
    return 0


cdef inline int view_of_weights(array_view* view, object array, int native) except -1:
    """view_of() for weights, which rounding must not make 0."""
    view_of(view, array, native)
    if array is not None and view.dtype == FL_FLOAT64 and native != FL_FLOAT64:
        view.dtype = FL_WEIGHT64
    return 0


cdef inline int check_unchanged(bint holds, str name) except -1:
    """For what validation has found already: a callback or another thread may have changed an argument since."""
    if not holds:
        raise ValueError(f"{name} changed during the call")
    return 0


cdef inline int expect_size(object array, Py_ssize_t size, str name) except -1:
    """That an array, or None, has the size that the kernel goes by, that of the predictions."""
    return check_unchanged(array is None or cnp.PyArray_SIZE(<cnp.ndarray> array) == size, name)


cdef inline int read_outputs(Outputs* o, object outputs, Py_ssize_t losses, Py_ssize_t predictions,
                             int native) except -1:
    """From the Outputs of fastloss/_loss.py, whose values are one a loss and whose derivatives one a prediction."""
    expect_size(outputs.values, losses, "the prediction")
    expect_size(outputs.grad, predictions, "out")
    expect_size(outputs.hess, predictions, "out")
    o.want_value = outputs.want_value
    o.scale = outputs.scale
    o.threads = outputs.threads
    view_of(&o.values, outputs.values, native)
    view_of(&o.grad, outputs.grad, native)
    return view_of(&o.hess, outputs.hess, native)


cdef inline void* data_of(object array) noexcept:
    """The first element of a contiguous array; NULL for None."""
    return NULL if array is None else cnp.PyArray_DATA(<cnp.ndarray> array)
