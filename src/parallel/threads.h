/* Parallel regions over chunks of work: OpenMP where the compiler has it, one thread where it has not.
 *
 * Compiled once, into the runtime module, so that all kernels of a process share one state of the pool. Four questions
 * are answered here: how many threads may a call have (acquire_threads), who does which chunk
 * (run_region), did the threads pay (update_backoff), and why were there so many (thread_limit, for the user).
 * parallel/interrupt.h has how a run is stopped, and tells how far it is.
 */
#ifndef FASTLOSS_THREADS_H
#define FASTLOSS_THREADS_H

#include <stddef.h>
#include <time.h>

#include "core/atomic.h"
#include "parallel/kernel.h"

#ifdef _OPENMP
#include <omp.h>
#define OPENMP_VERSION (_OPENMP)
#else
#define OPENMP_VERSION 0
#endif

#if defined(__GNUC__)
#define THREAD_LOCAL __thread
#else
#define THREAD_LOCAL __declspec(thread)
#endif

#include "parallel/start.h"

#define MOST_BACKOFF 7 /* 2^7 calls on one thread, then the next try */

/* Chunks of a round, if a call does not say. Each has a partial sum until the round is over, so a call of any size holds 8 MiB of them. */
#define ROUND ((ptrdiff_t)1 << 19)

/* What all calls in the process know of each other. */
static struct {
    int active_calls;      /* that may have threads of their own, at this moment */
    int backoff;           /* calls one after the other whose threads took longer than one would have */
    int serial_calls_left; /* so many calls have one thread now */
    int force_threads;     /* for tests: every call has the threads that it asks for */
} pool_state;

/* Why a call had no more threads than it had; fastloss/_threads.py has the words. */
typedef enum {
    LIMIT_NUM_THREADS, /* num_threads=, or the default: nothing else */
    LIMIT_WORK,        /* too little work for another thread to gain */
    LIMIT_CHUNKS,      /* no more pieces of work than that */
    LIMIT_OTHER_CALLS, /* calls at work at the same time share the cores */
    LIMIT_BACKOFF,     /* threads did not pay in the last calls */
    LIMIT_FORK,        /* a forked child in which OpenMP can't run */
    LIMIT_BUILD,       /* built without OpenMP */
    LIMIT_START,       /* the system has no memory or no process left for another thread */
} thread_limit;

/* Of the calling thread's last call. `expected` is the reason for the number of threads that Python asks for; a kernel
 * may find another. */
typedef struct {
    int threads;
    thread_limit limit;
    thread_limit expected;
} call_report;

static THREAD_LOCAL call_report last_call;

#include "parallel/interrupt.h"

/* How many threads a call has of the `threads` that it may have; to be given back by release_threads(). Calls that
 * run at the same time share the cores instead of multiplying their threads. */
static inline int acquire_threads(int threads)
{
    int left = atomic_get(&pool_state.serial_calls_left), calls = atomic_add(&pool_state.active_calls, 1);
    if (!OPENMP_VERSION) {
        last_call.limit = LIMIT_BUILD;
        return 1;
    }
#ifdef _OPENMP
    if (omp_in_parallel()) { /* called by what runs while another call is at work: its threads are not free */
        last_call.limit = LIMIT_OTHER_CALLS;
        return 1;
    }
#endif
    if (atomic_get(&pool_state.force_threads)) return threads;
    if (calls > 1) {
        last_call.limit = LIMIT_OTHER_CALLS;
        threads = threads / calls > 1 ? threads / calls : 1;
    }
    if (threads > 1 && left > 0) {
        atomic_set(&pool_state.serial_calls_left, left - 1);
        last_call.limit = LIMIT_BACKOFF;
        return 1;
    }
    return threads;
}

static inline void release_threads(void) { atomic_add(&pool_state.active_calls, -1); }

#ifdef _OPENMP
/* CPU time of this thread, in seconds. */
static inline double thread_seconds(void)
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0) return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
#endif
    return omp_get_wtime();
}

#endif

/* A region ends when its last thread has finished, even one that found nothing left to do because another process had
 * its core. If a run took longer than its first thread would have needed for all chunks, estimated from those that it
 * did, or if that thread did none, other processes have the cores: after two such calls the next ones have one thread,
 * twice as many of them each time, until threads pay again. */
static inline void update_backoff(const run_state *run, double seconds, ptrdiff_t chunks)
{
    int pays = run->own_chunks > 0 && run->own_seconds * (double)chunks > (seconds - run->away) * (double)run->own_chunks;
    int backoff = pays ? 0 : atomic_get(&pool_state.backoff) + 1;
    if (backoff > MOST_BACKOFF) backoff = MOST_BACKOFF;
    atomic_set(&pool_state.backoff, backoff);
    if (backoff > 1) atomic_set(&pool_state.serial_calls_left, 1 << backoff);
}

#ifdef _OPENMP
static inline void run_region(run_state *run, chunk_work work, void *job, ptrdiff_t first, ptrdiff_t stop,
                              exact_sum *partial)
{
    start_waiting(run);
#pragma omp parallel num_threads(run->threads)
    {
        const int number = omp_get_thread_num();
        const double own_start = number ? 0 : thread_seconds();
        poll_state *poll = poll_at(run, number);
        ptrdiff_t chunk, done = 0;
        if (number == 0) threads_have_started(run->threads);
        while ((chunk = atomic_add(&run->next, 1) - 1) < stop) {
            partial[chunk - first] = work(job, chunk, run->scratch + number * run->size);
            done++;
            if (number == 0 && --poll->chunks_left == 0) look_between_chunks(poll);
        }
        if (number == 0) {
            run->own_chunks += done;
            run->own_seconds += thread_seconds() - own_start;
            wait_for_others(run, omp_get_num_threads() - 1);
        } else {
            finish_thread(run);
        }
    }
}
#endif

/* partial[chunk - first] = work(job, chunk, scratch) for the chunks of a round, handed out as threads come free. */
static inline void run_round(run_state *run, chunk_work work, void *job, ptrdiff_t first, ptrdiff_t stop,
                             exact_sum *partial)
{
    run->next = first;
#ifdef _OPENMP
    if (run->threads > 1) {
        run_region(run, work, job, first, stop, partial);
        return;
    }
#endif
    poll_state *poll = poll_at(run, 0);
    for (ptrdiff_t chunk = first; chunk < stop; chunk++) {
        partial[chunk - first] = work(job, chunk, run->scratch);
        if (--poll->chunks_left == 0 && look_between_chunks(poll)) return;
    }
}

/* The sum over all chunks, as exact_rounded() gives it; of nothing that is used if the run was stopped. So many chunks are a
 * round, and all of it is done before the next one begins. */
static inline exact_sum run_all(run_state *run, chunk_work work, void *job, ptrdiff_t chunks, ptrdiff_t round,
                             exact_sum *partial)
{
    const double start = run->threads > 1 ? seconds_now() : 0;
    exact_total total = {0, 0, 0};
    for (ptrdiff_t first = 0; first < chunks && !run->is_stopped; first += round) {
        const ptrdiff_t stop = chunks - first < round ? chunks : first + round;
        run_round(run, work, job, first, stop, partial);
        for (ptrdiff_t i = 0; i < stop - first; i++) exact_total_add(&total, partial[i]);
    }
    end_run(run);
    if (run->threads > 1 && !run->is_stopped) update_backoff(run, seconds_now() - start, chunks);
    return exact_total_of(total);
}

/* The same of a call of the fast path: too short to be stopped, and for any other work than its own. */
static inline exact_sum run_small(chunk_work work, void *job, ptrdiff_t chunks, char *scratch)
{
    exact_total total = {0, 0, 0};
    if (chunks == 1) return exact_rounded(work(job, 0, scratch));
    for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) exact_total_add(&total, work(job, chunk, scratch));
    return exact_total_of(total);
}

#endif
