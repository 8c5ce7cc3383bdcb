/* What a call knows of a kernel: how to plan its work, and how to do a chunk of it. */
#ifndef FASTLOSS_KERNEL_H
#define FASTLOSS_KERNEL_H

#include <stddef.h>

#include "core/exact_sum.h"

typedef struct {
    ptrdiff_t chunks;
    ptrdiff_t scratch; /* bytes of a thread */
    double work;       /* of all chunks, where it is announced: parallel.pxd */
    int is_shared;     /* whether several threads gain by sharing the only chunk */
} kernel_plan;

/* What a chunk adds up; NO_SUM where a job is no sum. */
typedef exact_sum (*chunk_work)(void *job, ptrdiff_t chunk, void *scratch);

/* A plan is made once a call, of the job as the call has filled it in; it sets what is left of the job. */
typedef struct {
    void (*plan)(void *job, kernel_plan *plan);
    chunk_work chunk;
} kernel;

/* run_rounds_on_threads of runtime.pyx. */
typedef int (*rounds_runner)(chunk_work work, void *job, ptrdiff_t chunks, ptrdiff_t round, ptrdiff_t scratch_bytes,
                             int threads, exact_sum *total);

/* The only chunk of a job by several threads. 0; or -1 where a run was stopped, or NO_MEMORY. */
typedef int (*shared_kernel)(void *job, int threads, rounds_runner run);
enum { NO_MEMORY = -2 };

#endif
