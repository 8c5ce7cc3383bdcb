"""Sums that do not depend on the order: exact_sum.h."""

cdef extern from "core/exact_sum.h" nogil:
    ctypedef struct exact_sum:
        double high
        double low
    exact_sum NO_SUM
    exact_sum exact_plus(exact_sum, double)
    exact_sum exact_join(exact_sum, exact_sum)
    exact_sum exact_rounded(exact_sum)
    exact_sum exact_times(exact_sum, double)
    exact_sum sum_of_doubles(const double*, Py_ssize_t)
