"""The kernels of losses over elements, and over rows whose loss is a sum over their elements: all of losses.h, and the
sigmoid focal loss, by name."""

from libc.string cimport strcmp

from core cimport *
from poll cimport *

include "element_job.pxi"
include "driver.pxi"
include "sigmoid_focal.pxi"


cdef public bint find_element_loss(const char* name, elementwise_loss* found) noexcept nogil:
    """A loss by its name; False where there is none."""
    cdef const elementwise_loss* listed = find_elementwise_loss(name)
    if strcmp(name, "sigmoid_focal") == 0:
        set_sigmoid_focal(found)
    elif listed != NULL:
        found[0] = listed[0]
    else:
        return False
    return True
