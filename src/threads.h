/* OpenMP where the compiler has it, one thread where it has not. */
#ifndef FASTLOSS_THREADS_H
#define FASTLOSS_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#define fl_openmp_version() (_OPENMP)
#define fl_thread_number() omp_get_thread_num()
#else
#define fl_openmp_version() 0
#define fl_thread_number() 0
#endif

#endif
