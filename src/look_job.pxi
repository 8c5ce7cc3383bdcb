"""Calls that look at numbers: validation.pxi fills them in, kernels.pyx looks."""

ctypedef struct LookJob:
    array_view numbers
    array_view weight       # or none
    array_view where        # which numbers count, beside a weight, or none
    Py_ssize_t size
    bint is_range           # whether legal is what lies between two numbers, and not a domain
    double low
    double high
    domain of
    findings found
