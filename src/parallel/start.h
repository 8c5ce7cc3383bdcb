/* Whether a call's threads can be started, tried before OpenMP does it: libgomp ends the process where it can't. */
#ifndef FASTLOSS_START_H
#define FASTLOSS_START_H

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

/* Each thread that calls has a pool of its own in libgomp, which keeps the threads of the last region: only a region
 * with more of them starts any. */
static THREAD_LOCAL int pool_size, is_starting;

/* Held from the trial until OpenMP has started the threads: two callers must not both count on the last that there is. */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

/* Bytes that libgomp allocates for a region, and more. */
#define REGION_BYTES (1 << 16)

typedef struct {
    pthread_mutex_t *gate;
    pthread_t thread;
    long id;
} trial;

static void *wait_at_gate(void *data)
{
    trial *t = (trial *)data;
#ifdef __linux__
    t->id = syscall(SYS_gettid);
#endif
    pthread_mutex_lock(t->gate);
    pthread_mutex_unlock(t->gate);
    return NULL;
}

/* The system counts a thread for a moment longer than it takes to join it. */
static void wait_until_gone(const trial *t)
{
#ifdef __linux__
    /* A thread that is ending on another core is gone in no time; a yield on a busy machine takes milliseconds. */
    for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), t->id, 0) == 0; i++)
        if (i >= 200) sched_yield();
#endif
    (void)t;
}

/* The stack of OpenMP's threads: a number and its unit, KiB where it has none; 0 for the system's default. */
static size_t stack_size(void)
{
    const char *names[] = {"OMP_STACKSIZE", "GOMP_STACKSIZE"};
    for (int i = 0; i < 2; i++) {
        const char *text = getenv(names[i]);
        char *end;
        unsigned long number = text ? strtoul(text, &end, 10) : 0;
        if (!number || end == text) continue;
        while (isspace((unsigned char)*end)) end++;
        int unit = tolower((unsigned char)*end), shift = unit == 'b' ? 0 : unit == 'm' ? 20 : unit == 'g' ? 30 : 10;
        return number <= ULONG_MAX >> shift ? (size_t)number << shift : 0;
    }
    return 0;
}

/* Starts so many threads that are there at once, and ends them. Returns whether all of them could be. */
static int can_start(int threads)
{
    const size_t bytes = threads * sizeof(trial) + REGION_BYTES, stack = stack_size();
    trial *trials = (trial *)malloc(bytes);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t attributes;
    int started = 0;
    if (!trials) return 0;
    if (pthread_attr_init(&attributes) == 0) {
        if (stack) pthread_attr_setstacksize(&attributes, stack); /* one that is refused, libgomp does without as well */
        pthread_mutex_lock(&gate);
        for (; started < threads; started++) {
            trials[started].gate = &gate;
            if (pthread_create(&trials[started].thread, &attributes, wait_at_gate, &trials[started])) break;
        }
        pthread_mutex_unlock(&gate);
        for (int i = 0; i < started; i++) pthread_join(trials[i].thread, NULL);
        for (int i = 0; i < started; i++) wait_until_gone(&trials[i]);
        pthread_attr_destroy(&attributes);
    }
    free(trials);
    return started == threads;
}

/* How many of its threads a region can have: all or one. More than one has to begin at once. */
static int startable_threads(int threads)
{
    if (threads <= pool_size || threads == 1) return threads;
    pthread_mutex_lock(&start_lock);
    if (can_start(threads - (pool_size > 1 ? pool_size : 1))) {
        is_starting = 1;
        return threads;
    }
    pthread_mutex_unlock(&start_lock);
    return 1;
}

/* Called by the first thread of a region: OpenMP has started the others by then. */
static void threads_have_started(int threads)
{
    pool_size = threads;
    if (!is_starting) return;
    is_starting = 0;
    pthread_mutex_unlock(&start_lock);
}

/* The calling thread's pool is gone. */
static void forget_pool(void) { pool_size = 0; }

/* The thread that held the lock is not in a forked child. */
static void reset_start(void)
{
    const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    start_lock = unlocked;
    forget_pool();
}
#else
static int startable_threads(int threads) { return threads; }
static void threads_have_started(int threads) { (void)threads; }
#endif

#endif
