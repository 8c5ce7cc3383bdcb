"""A call of an elementwise loss: element_calls.pxi fills it in, driver.pxi computes it."""

cdef extern from "elementwise/element_loss.h" nogil:
    enum:
        FLAT
        CURVED
        OF_TARGET
    ctypedef struct element_options:
        double number[2]
    ctypedef struct element_block:
        const real* x
        const real* y
        const real* z
        double* each
        real* grad
        real* hess
        Py_ssize_t n
        int want
        element_options options
        real scale
        double* bias
    ctypedef exact_sum (*block_function)(const element_block*) noexcept nogil
    ctypedef struct elementwise_loss:
        block_function compute
        int shape
        domain x
        domain y

cdef enum:
    ROWS_OF_CHUNK = 64  # how many times `width` the elements of a chunk are
    LONGEST_ROW = 256   # to which columns are repeated: a block, of which no part remains

ctypedef struct ElementJob:
    array_view x
    array_view y
    array_view z            # a third number for each element, or none
    array_view weight       # or none
    array_view where        # which elements count, beside a weight, or none
    Outputs out             # of the values, one a group
    block_function compute
    double[2] options       # of the loss
    domain x_legal
    domain y_legal
    bint finds_nan          # whether the total is to be NaN where a prediction is, though no value is wanted
    Py_ssize_t size
    Py_ssize_t group
    Py_ssize_t width        # a chunk's values are the sums of its elements that are so far apart; or 0
    findings x_found        # of the numbers that are not legal
    findings y_found
    # Set by the plan.
    int want
    bint has_total          # whether the sum of all is used
    bint streamed           # whether the derivatives bypass the caches
    Py_ssize_t chunk_size
