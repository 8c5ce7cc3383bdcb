"""The jobs and the table of the kernels, and the classes of calls.pyx."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t

from arguments cimport label_rule
from core cimport *
from poll cimport *

cdef extern from "rowwise/row_loss.h":
    ctypedef struct row_tile:
        pass

include "elementwise/element_job.pxi"
include "rowwise/row_jobs.pxi"
include "ctc/ctc_jobs.pxi"

cdef extern from "kernel_table.h" nogil:
    ctypedef struct kernel_table:
        size_t size
        int dtype
        kernel numbers
        kernel weights
        Py_ssize_t (*first_refused)(void*, Py_ssize_t, Py_ssize_t) noexcept nogil
        Py_ssize_t (*count_labels)(const int64_t*, const double*, Py_ssize_t, label_rule) noexcept nogil
        kernel elements
        bint (*find_element_loss)(const char*, elementwise_loss*) noexcept nogil
        void (*look_at_elements)(void*) noexcept nogil
        kernel labelled_rows
        kernel target_rows
        kernel log_prob_rows
        kernel normal_rows
        kernel ranked_rows
        kernel pair_rows
        kernel compared_rows
        label_loss (*find_label_loss)(const char*) noexcept nogil
        Py_ssize_t slots
        kernel ctc
        kernel score
        shared_kernel shared_ctc
        kernel align
        kernel extend
        kernel decode
        shared_kernel shared_align
        void (*root)(void*) noexcept nogil

cdef class Kernels:
    cdef const kernel_table* table

# Targets as runs of a tree: score.pxi says what a run is.
ctypedef struct Tree:
    Py_ssize_t groups            # trees of their own, for a thread each
    Py_ssize_t blank
    int64_t* run_start           # first slot of each run
    int64_t* run_stop            # one past its last
    int64_t* run_parent          # slot of its parent, or -1
    int64_t* first_run           # of each group
    int64_t* label               # of each slot; the blank where there is none
    uint8_t* repeats             # whether a slot's label equals the label before
    int64_t* target_slot         # of each target: slot of its last label, or -1
    int64_t* target_blank        # of the blank after it
    int64_t* first_target        # of each group

cdef class Emissions:
    cdef readonly cnp.ndarray array
    cdef readonly str name
    cdef readonly bint single
    cdef readonly bint batch_first
    cdef readonly int bits
    cdef Rows rows

cdef class Sequences:
    cdef Py_ssize_t count
    cdef Py_ssize_t size
    cdef Py_ssize_t capacity
    cdef int64_t* labels
    cdef int64_t* lengths
    cdef int64_t* offsets
    cdef int64_t* frames_needed

cdef class CheckedBatch:
    cdef readonly Emissions emissions
    cdef Sequences targets
    cdef int64_t* input_lengths
    cdef uint8_t* feasible
    cdef readonly str infeasible
    cdef Batch data

cdef class Call:
    cdef CheckedBatch batch
    cdef bint from_logits
    cdef cnp.ndarray scales          # what the gradient of each sequence is multiplied by, in double; or None
    cdef Rows grad                   # without data, if none is wanted
    cdef cnp.ndarray posterior       # (T, N, 2S+1) zeros of the kernel's type, or None
    cdef cnp.ndarray losses          # of each sequence, in double: the kernel writes them
    cdef cnp.ndarray saturated       # and, as bytes, where a score needs the exponents of float64

cdef class CandidateTree:
    cdef Sequences candidates
    cdef Py_ssize_t count            # of those that the tree has
    cdef int64_t* order              # which candidate each target of the tree is
    cdef Tree tree
    cdef char* memory                # of all arrays
    cdef Py_ssize_t step             # slots of a kernel's step
    cdef Py_ssize_t runs             # so far
    cdef Py_ssize_t slot             # where the next run begins
    cdef Py_ssize_t path_length      # runs that lead to the candidate before
    cdef int64_t* path_depth         # of each of these: labels before it, and its first slot
    cdef int64_t* path_slot
