/* OpenMP where the compiler has it, one thread where it has not. */
#ifndef FASTLOSS_THREADS_H
#define FASTLOSS_THREADS_H

#include <stddef.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#define fl_openmp_version() (_OPENMP)
#else
#define fl_openmp_version() 0
#endif

#if defined(__GNUC__)
#define fl_add(number, by) __atomic_add_fetch(number, by, __ATOMIC_RELAXED)
#define fl_get(number) __atomic_load_n(number, __ATOMIC_RELAXED)
#define fl_set(number, value) __atomic_store_n(number, value, __ATOMIC_RELAXED)
#else
#include <intrin.h>
#define fl_add(number, by) ((int)_InterlockedExchangeAdd((volatile long *)(number), by) + (by))
#define fl_get(number) (*(volatile int *)(number))
#define fl_set(number, value) (*(volatile int *)(number) = (value))
#endif

/* What all calls in the process know of each other: it lies in the runtime module, and the others are told where. */
typedef struct {
    int calls;   /* at work with threads of their own */
    int strikes; /* calls one after the other whose threads did not pay */
    int alone;   /* so many calls go without threads now */
    int obeying; /* tests: every call has the threads that it asks for */
} fl_crowd;
static fl_crowd fl_own_crowd;
static fl_crowd *fl_together = &fl_own_crowd;

typedef double (*fl_work)(void *job, ptrdiff_t chunk, void *scratch);

/* Callers that come at once share the cores instead of multiplying their threads. To be given back by fl_leave(). */
static inline int fl_share(int threads)
{
#ifndef _OPENMP
    threads = 1;
#endif
    int alone = fl_get(&fl_together->alone), calls = fl_add(&fl_together->calls, 1);
    if (fl_get(&fl_together->obeying)) return threads;
    threads /= calls;
    if (threads > 1 && alone > 0) {
        fl_set(&fl_together->alone, alone - 1);
        return 1;
    }
    return threads > 1 ? threads : 1;
}
static inline void fl_leave(void) { fl_add(&fl_together->calls, -1); }

#ifdef _OPENMP
/* Seconds that this thread has had a processor. */
static inline double fl_worked(void)
{
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0) return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
#endif
    return omp_get_wtime();
}

/* A region ends when its last thread has come, even one that found nothing left to do since another process has its
 * core. If it took longer than its first thread would have worked alone, going by the chunks that it did, or if that
 * thread did not come to do one, the cores are someone else's: after two such calls the next ones go alone, twice as
 * many each time, until one pays. */
static inline void fl_judge(double seconds, double own_seconds, int own_chunks, int chunks)
{
    int pays = own_chunks > 0 && own_seconds * chunks > seconds * own_chunks;
    int strikes = pays ? 0 : fl_get(&fl_together->strikes) + 1;
    if (strikes > 7) strikes = 7;
    fl_set(&fl_together->strikes, strikes);
    if (strikes > 1) fl_set(&fl_together->alone, 1 << strikes);
}

static inline void fl_run_together(fl_work work, void *job, int chunks, char *scratch, ptrdiff_t size, int threads,
                                   double *partial)
{
    int given = 0, own_chunks = 0;
    double start = omp_get_wtime(), own_seconds = 0;
#pragma omp parallel num_threads(threads)
    {
        const int number = omp_get_thread_num();
        const double own_start = number ? 0 : fl_worked();
        int chunk, done = 0;
        while ((chunk = fl_add(&given, 1) - 1) < chunks) {
            partial[chunk] = work(job, chunk, scratch + number * size);
            done++;
        }
        if (number == 0) {
            own_chunks = done;
            own_seconds = fl_worked() - own_start;
        }
    }
    fl_judge(omp_get_wtime() - start, own_seconds, own_chunks, chunks);
}
#endif

/* partial[chunk] = work(job, chunk, scratch) for all chunks, handed out as threads come free; `size` bytes of scratch
 * for each thread. */
static inline void fl_run(fl_work work, void *job, int chunks, char *scratch, ptrdiff_t size, int threads,
                          double *partial)
{
#ifdef _OPENMP
    if (threads > 1) {
        fl_run_together(work, job, chunks, scratch, size, threads, partial);
        return;
    }
#endif
    (void)size, (void)threads;
    for (int chunk = 0; chunk < chunks; chunk++) partial[chunk] = work(job, chunk, scratch);
}

#endif
