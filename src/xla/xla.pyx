"""The handler that XLA calls for a loss of fastloss.jax: from XLA's buffers to NumPy arrays over the same memory.

What a call is comes as a string, its one attribute; fastloss/jax/_run.py reads it and calls the loss. So all that holds
for a loss holds here too, errors included. XLA runs a handler on any of its threads, without the interpreter's
lock, which a call takes for its arguments and releases in the kernel.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_SetInterrupt
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_New
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

cdef extern from "xla/interface.h" nogil:
    enum:
        XLA_INVALID_ARGUMENT
        XLA_UNIMPLEMENTED
        XLA_INTERNAL
        XLA_MAJOR
        XLA_OLDEST_MINOR
        XLA_NEWEST_MINOR
    ctypedef struct xla_error:
        pass
    ctypedef struct xla_buffer:
        int dtype
        void* data
        int64_t rank
        int64_t* dims
    ctypedef struct xla_buffers:
        int64_t size
        xla_buffer** buffers
    ctypedef struct xla_bytes:
        const char* start
        size_t size
    ctypedef struct xla_attributes:
        void** values
    ctypedef struct xla_call_frame:
        xla_buffers operands
        xla_buffers results
        xla_attributes attributes
    xla_error* xla_failure(const xla_call_frame*, int code, const char* message)
    bint xla_answers_metadata(const xla_call_frame*, int minor)
    bint xla_is_known(const xla_call_frame*)
    void xla_use_large_pages(const void* data, size_t bytes)

cdef extern from *:
    """
    #if PY_VERSION_HEX >= 0x030D0000
    #define is_finalizing Py_IsFinalizing
    #elif defined(Py_LIMITED_API)
    #define is_finalizing() 0   /* not in the stable interface of these versions */
    #else
    #define is_finalizing _Py_IsFinalizing
    #endif
    """
    bint is_finalizing() nogil

cdef extern from "numpy/arrayobject.h":
    object PyArray_NewFromDescr(
        void* subtype, cnp.dtype descr, int dimensions, const cnp.npy_intp* shape, const cnp.npy_intp* strides,
        void* data, int flags, PyObject* obj
    )

cnp.import_array()

cdef object run_call     # (text, operands, results)
cdef dict dtypes         # of NumPy, by XLA's code
cdef int minor_version   # of XLA's interface

# Those that the handler fits.
VERSIONS = tuple([(XLA_MAJOR, minor) for minor in range(XLA_OLDEST_MINOR, XLA_NEWEST_MINOR + 1)])


def handler(run, dict dtype_of_code, int minor):
    """The handler as a capsule, for jax.ffi.register_ffi_target. `run` gets the call's text, operands and results, and
    writes the results; what it raises becomes XLA's error. `minor` is the version of the interface that XLA has: it
    refuses handlers of others."""
    global run_call, dtypes, minor_version
    run_call, dtypes, minor_version = run, dtype_of_code, minor
    return PyCapsule_New(<void*> handle, NULL, NULL)


cdef xla_error* handle(xla_call_frame* frame) noexcept nogil:
    if xla_answers_metadata(frame, minor_version):
        return NULL
    if not xla_is_known(frame):
        return xla_failure(frame, XLA_UNIMPLEMENTED, "fastloss.jax does not know this version of XLA's interface")
    if is_finalizing():  # a thread that waited for the lock now would never run again
        return xla_failure(frame, XLA_INTERNAL, "fastloss.jax: the interpreter is shutting down")
    return call(frame)


cdef xla_error* call(xla_call_frame* frame) noexcept with gil:
    cdef xla_bytes* text = <xla_bytes*> frame.attributes.values[0]
    try:
        run_call(text.start[:text.size], arrays(&frame.operands, False), arrays(&frame.results, True))
    except KeyboardInterrupt:
        PyErr_SetInterrupt()  # which is raised where XLA returns to Python
        return xla_failure(frame, XLA_INTERNAL, "fastloss.jax: interrupted")
    except (ValueError, TypeError) as error:
        return failure(frame, XLA_INVALID_ARGUMENT, error)
    except BaseException as error:
        return failure(frame, XLA_INTERNAL, error)
    return NULL


cdef list arrays(xla_buffers* buffers, bint is_writable):
    cdef xla_buffer* buffer
    cdef cnp.dtype dtype
    cdef cnp.ndarray array
    cdef list made = []
    cdef int64_t i
    for i in range(buffers.size):
        buffer = buffers.buffers[i]
        if buffer.dtype not in dtypes:
            raise TypeError(f"XLA's type {buffer.dtype} is none that the kernels read")
        dtype = dtypes[buffer.dtype]
        Py_INCREF(dtype)  # is taken over
        array = PyArray_NewFromDescr(
            <void*> cnp.ndarray, dtype, <int> buffer.rank, <const cnp.npy_intp*> buffer.dims, NULL, buffer.data,
            cnp.NPY_ARRAY_WRITEABLE if is_writable else 0, NULL,
        )
        if is_writable:
            xla_use_large_pages(buffer.data, cnp.PyArray_NBYTES(array))
        made.append(array)
    return made


cdef xla_error* failure(xla_call_frame* frame, int code, object error) noexcept:
    try:
        message = str(error).encode()
        if code == XLA_INTERNAL:
            message = type(error).__name__.encode() + b": " + message
        return xla_failure(frame, code, message)
    except BaseException:  # of the error's own text, or of memory
        return xla_failure(frame, XLA_INTERNAL, "fastloss.jax: an error without a text")
