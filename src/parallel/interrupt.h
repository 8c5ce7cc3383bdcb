/* Long runs of chunks: the calling thread asks the interpreter every 50 ms whether to stop, and says how much is done.
 *
 * Only the calling thread can: it is the one that Python knows. It looks at the clock between chunks, inside of long ones
 * (should_stop in parallel/poll.h), and while it waits for the others to finish theirs. A signal's handler or a progress=
 * callable that raises sets `is_stopped`; no thread takes another chunk then, and chunks at work end where they ask.
 */
#ifndef FASTLOSS_INTERRUPT_H
#define FASTLOSS_INTERRUPT_H

#include "parallel/poll.h"

/* Seconds between two questions: a Ctrl-C is to be noticed within 0.2. Where other Python threads keep the interpreter
 * busy, each question waits for them, and is asked less often: a wait is to cost 6 % at most. */
#define SHORTEST_PAUSE 0.05
#define LONGEST_PAUSE 0.15
#define PAUSE_OF_WAIT 16.0

/* Chunks between two looks at the clock are doubled up to this, as long as they take less than a millisecond. */
#define MOST_STRIDE 64
#define SHORT_STRIDE 1e-3

/* More chunks than there are: none is left. */
#define NO_CHUNK (PTRDIFF_MAX / 2)

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#define HAS_PTHREADS 1
#else
#define HAS_PTHREADS 0
#endif

/* All chunks of one call. */
typedef struct run_state {
    ptrdiff_t next;           /* the first chunk that no thread has */
    char *scratch;            /* of the first thread */
    ptrdiff_t size;           /* from one thread's scratch to the next */
    int threads;
    int is_stopped;           /* any thread reads it, the calling one sets it */
    int finished;             /* threads beside the calling one that found no chunk left */
    int caller_waits;         /* for those that have not finished */
    double clock;             /* when the calling thread last looked at it, in seconds; 0: not yet */
    double asked;             /* when it last asked the interpreter */
    double pause;             /* until it asks again */
    double away;              /* seconds that it spent there */
    ptrdiff_t own_chunks;     /* that the calling thread did, of a run by several */
    double own_seconds;       /* of processor time, for these */
    PyThreadState *interpreter; /* of the calling thread, which does not hold the interpreter's lock */
    int (*ask)(double done);  /* with the lock; returns -1, with an exception set, if the call is to stop */
#if HAS_PTHREADS
    pthread_mutex_t mutex;
    pthread_cond_t has_finished;
#endif
} run_state;

/* The thread that runs handlers of signals, by PyThread_get_thread_ident(). */
static unsigned long main_thread;

/* The Progress of runtime.pyx that wants to hear of the calling thread's runs, or NULL. */
static THREAD_LOCAL PyObject *current_progress;

/* Of the calling thread: several runs that are one to the user, each of which may be too short to ask anything. */
static THREAD_LOCAL struct {
    int is_on;
    double asked, pause; /* of the run before */
    double done;         /* work of all runs before */
} run_series;

static inline double seconds_now(void)
{
    struct timespec now;
#ifdef CLOCK_MONOTONIC
    clock_gettime(CLOCK_MONOTONIC, &now);
#else
    timespec_get(&now, TIME_UTC);
#endif
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline poll_state *poll_at(const run_state *run, int thread)
{
    return (poll_state *)(run->scratch + thread * run->size - FL_LINE);
}

/* Work that all threads have told of. */
static double work_done(const run_state *run)
{
    double done = 0;
    for (int i = 0; i < run->threads; i++) done += (double)atomic_get(&poll_at(run, i)->done);
    return done;
}

static void stop_run(run_state *run)
{
    atomic_set(&run->is_stopped, 1);
    atomic_add(&run->next, NO_CHUNK);
}

/* Takes the interpreter's lock, lets handlers of signals and the progress= callable run, and gives it back. They may
 * call fastloss themselves: its report of the last call is of this one afterwards. */
static void ask_interpreter(run_state *run, double now)
{
    const call_report report = last_call;
    const double done = run_series.done + work_done(run);
    const int is_series = run_series.is_on;
    run_series.is_on = 0;
    PyEval_RestoreThread(run->interpreter);
    const double waited = seconds_now() - now;
    const int answer = run->ask(done);
    run->interpreter = PyEval_SaveThread();
    last_call = report;
    run_series.is_on = is_series;
    if (answer < 0) stop_run(run);
    run->clock = run->asked = seconds_now();
    run->away += run->asked - now;
    const double pause = PAUSE_OF_WAIT * waited;
    run->pause = pause < SHORTEST_PAUSE ? SHORTEST_PAUSE : pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}

/* Called by the calling thread. Others than the main thread, which handle no signals, ask nothing without progress=. */
static void ask_if_due(run_state *run)
{
    const double now = seconds_now();
    run->clock = now;
    if (run->asked == 0) run->asked = now;
    if (now - run->asked < run->pause) return;
    if (current_progress || PyThread_get_thread_ident() == main_thread)
        ask_interpreter(run, now);
    else
        run->asked = now;
}

static int look(poll_state *poll)
{
    run_state *run = poll->run;
    atomic_add(&poll->done, POLL_WORK - poll->left);
    if (poll->is_caller && !run->is_stopped) ask_if_due(run);
    const int is_stopped = atomic_get(&run->is_stopped);
    poll->left = is_stopped ? -1 : POLL_WORK; /* -1: the next question, of whatever work, comes here again */
    return is_stopped;
}

/* Of the calling thread, after every `stride` chunks. */
static int look_between_chunks(poll_state *poll)
{
    const double before = poll->run->clock;
    const int is_stopped = look(poll);
    const int is_short = before == 0 || poll->run->clock - before < SHORT_STRIDE;
    poll->stride = !is_short ? 1 : poll->stride < MOST_STRIDE ? 2 * poll->stride : MOST_STRIDE;
    poll->chunks_left = poll->stride;
    return is_stopped;
}

/* The fields that a run needs; memory, if any, begins with a cache line for the first thread's poll_state. */
static void start_run(run_state *run, char *scratch, ptrdiff_t size, int threads)
{
    run->scratch = scratch;
    run->size = size;
    run->threads = threads;
    run->is_stopped = 0;
    run->clock = run->asked = run->away = run->own_seconds = 0;
    run->own_chunks = 0;
    run->pause = SHORTEST_PAUSE;
    if (run_series.is_on && run_series.pause > 0) {
        run->clock = run->asked = run_series.asked;
        run->pause = run_series.pause;
    }
    for (int i = 0; i < threads; i++) {
        const poll_state start = {
            .left = POLL_WORK, .look = look, .run = run, .is_caller = i == 0, .stride = 2, .chunks_left = 2};
        *poll_at(run, i) = start;
    }
}

static void end_run(const run_state *run)
{
    if (!run_series.is_on) return;
    run_series.asked = run->asked;
    run_series.pause = run->pause;
    run_series.done += work_done(run);
}

#if HAS_PTHREADS && defined(_OPENMP)
/* Turns of a loop before a thread sleeps: as many as OpenMP's threads make (fastloss/_kernels/__init__.py). */
#define SPIN_TURNS 1000

/* Seconds between two looks at the clock of a calling thread that waits. */
#define WAIT_SECONDS 0.02

static inline void spin(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void start_waiting(run_state *run)
{
    const pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    const pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    run->mutex = mutex;
    run->has_finished = condition;
    run->finished = run->caller_waits = 0;
}

static void sleep_until_finished(run_state *run)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until); /* which the C library's waiting goes by */
    until.tv_nsec += (long)(WAIT_SECONDS * 1e9);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&run->has_finished, &run->mutex, &until);
}

/* The calling thread has no chunk left, but `others` may have: at the end of an OpenMP region it would wait for them
 * deaf to signals. */
static void wait_for_others(run_state *run, int others)
{
    for (int i = 0; i < SPIN_TURNS && atomic_get(&run->finished) < others; i++) spin();
    if (atomic_get(&run->finished) == others) return;
    pthread_mutex_lock(&run->mutex);
    atomic_add_ordered(&run->caller_waits, 1);
    while (atomic_get_ordered(&run->finished) < others && !run->is_stopped) {
        sleep_until_finished(run);
        pthread_mutex_unlock(&run->mutex); /* a callable may take its time */
        ask_if_due(run);
        pthread_mutex_lock(&run->mutex);
    }
    pthread_mutex_unlock(&run->mutex);
}

/* Called by the others. Either this thread sees that the calling one waits, or that one sees this has finished. */
static void finish_thread(run_state *run)
{
    atomic_add_ordered(&run->finished, 1);
    if (!atomic_get_ordered(&run->caller_waits)) return;
    pthread_mutex_lock(&run->mutex);
    pthread_cond_signal(&run->has_finished);
    pthread_mutex_unlock(&run->mutex);
}
#else
static void start_waiting(run_state *run) { (void)run; }
static void wait_for_others(run_state *run, int others) { (void)run, (void)others; }
static void finish_thread(run_state *run) { (void)run; }
#endif

#endif
