"""The processor, OpenMP, and fork: what the rest of the package asks about the machine it runs on."""

cdef extern from "parallel/cpu.h" nogil:
    bint FL_X86
    bint fl_has_avx2()
    bint fl_has_avx512()

cdef extern from "parallel/threads.h" nogil:
    int fl_openmp_version()
    ctypedef struct fl_crowd:
        int calls
        int strikes
        int alone
        int obeying
    fl_crowd* fl_together

cdef extern from "parallel/fork.h" nogil:
    int fl_protect_fork()
    int fl_in_forked_child

cdef extern from *:
    """
    #if defined(__clang__)
    #define FL_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define FL_COMPILER "GCC " __VERSION__
    #elif defined(_MSC_VER)
    #define FL_COMPILER "MSVC"
    #else
    #define FL_COMPILER "unknown"
    #endif
    """
    const char* FL_COMPILER

cdef bint fork_is_safe = fl_protect_fork()


def supported_instruction_sets():
    """The names of the instruction sets that this processor runs, best last."""
    return ["baseline"] + ["avx2"] * fl_has_avx2() + ["avx512"] * fl_has_avx512()


def is_x86():
    return bool(FL_X86)


def compiler():
    return (<bytes> FL_COMPILER).decode()


def openmp_version():
    """The date of the OpenMP specification that the kernels were built with, such as 201511; 0 without OpenMP."""
    return fl_openmp_version()


def parallel_allowed():
    """False in a forked child of an OpenMP library that can't be used there: one thread is the fallback."""
    return fork_is_safe or not fl_in_forked_child


def address_of_crowd():
    """Where lies what all calls in the process know of each other: see threads.h."""
    return <size_t> fl_together


def calls_at_work():
    """How many calls have threads of their own at this moment."""
    return fl_together.calls


def calls_that_did_not_pay():
    """How many calls, one after the other, took longer with their threads than one thread would have."""
    return fl_together.strikes


def obey_num_threads(bint always):
    """Whether every call has as many threads as it asks for, however crowded the cores are: for tests."""
    fl_together.obeying = always
