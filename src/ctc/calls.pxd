"""What the kernels see of a call of CTC: its arguments, read and checked by calls.pyx. Everything a kernel uses as an
index or a size lies in memory that no caller can reach."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uint8_t

# A (T, N, C) array of any layout and dtype.
ctypedef struct Rows:
    char* data               # or NULL
    int dtype
    Py_ssize_t stride[3]     # of frame, sequence, class, in bytes
    Py_ssize_t frames
    Py_ssize_t batch
    Py_ssize_t classes

ctypedef struct Batch:
    Rows x
    Py_ssize_t blank
    const int64_t* labels           # all targets, one after the other
    const int64_t* offsets          # where each begins
    const int64_t* target_lengths
    const int64_t* input_lengths
    const uint8_t* feasible         # whether there are frames enough for the target

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
