/* Whether a call's threads can be started, tried before OpenMP does it: libgomp ends the process where it can't. */
#ifndef FASTLOSS_START_H
#define FASTLOSS_START_H

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

/* Each thread that calls has a pool of its own in libgomp, which keeps the threads of the last region: only a region
 * with more of them starts any. A smaller region of another library, on the same thread, is not seen from here. */
static THREAD_LOCAL int pool_size, is_starting;

/* Held from the trial until OpenMP has started the threads: two callers must not both count on the last that there is. */
static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

/* Bytes that libgomp allocates for a region, and more. */
#define REGION_BYTES (1 << 16)

/* What a thread's stack may take beside its size: guard pages, and what LLVM's libomp adds for each thread. */
#define STACK_MARGIN (1 << 18)

typedef struct {
    pthread_mutex_t *gate;
    pthread_t thread;
    void *stack;
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
    /* A thread that is ending on another core is gone in no time; on a busy machine a yield takes milliseconds, and a
     * sleep much less. */
    const struct timespec pause = {0, 20000};
    for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), t->id, 0) == 0; i++)
        if (i >= 100) nanosleep(&pause, NULL);
#endif
    (void)t;
}

/* The number and its unit of OMP_STACKSIZE, KiB where it has none; 0 for nothing that makes sense. */
static size_t stack_size_in(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    while (isspace((unsigned char)*end)) end++;
    const int unit = tolower((unsigned char)*end), shift = unit == 'b' ? 0 : unit == 'm' ? 20 : unit == 'g' ? 30 : 10;
    return number <= ULONG_MAX >> shift ? (size_t)number << shift : 0;
}

/* The stack of OpenMP's threads, in whole pages: what the user has set, or else the system's default. */
static size_t stack_size(void)
{
    const char *set = getenv("OMP_STACKSIZE"), *other = getenv("GOMP_STACKSIZE");
    size_t size = set ? stack_size_in(set) : other ? stack_size_in(other) : 0;
    pthread_attr_t attributes;
    if (size > PTRDIFF_MAX / 2) size = PTRDIFF_MAX / 2; /* more than there is, and room for sums */
    if (size < (size_t)PTHREAD_STACK_MIN && pthread_attr_init(&attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &size);
        pthread_attr_destroy(&attributes);
    }
    return (size + 0xffff) & ~(size_t)0xffff;
}

/* Starts a thread. Its stack is our own: the C library would keep it for later ones, and OpenMP's may be larger. */
static int start_trial(trial *t, size_t stack_bytes)
{
    pthread_attr_t attributes;
    t->stack = mmap(NULL, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    if (t->stack == MAP_FAILED) return 0;
    int is_started = 0;
    if (pthread_attr_init(&attributes) == 0) {
        is_started = pthread_attr_setstack(&attributes, t->stack, stack_bytes) == 0 &&
                     pthread_create(&t->thread, &attributes, wait_at_gate, t) == 0;
        pthread_attr_destroy(&attributes);
    }
    if (!is_started) munmap(t->stack, stack_bytes);
    return is_started;
}

/* Starts so many threads that are there at once, and ends them. Returns whether all of them could be. */
static int can_start(int threads)
{
    const size_t stack_bytes = stack_size() + STACK_MARGIN;
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    trial *trials = (trial *)malloc(threads * sizeof(trial) + REGION_BYTES);
    int started = 0;
    if (!trials) return 0;
    pthread_mutex_lock(&gate);
    for (; started < threads; started++) {
        trials[started].gate = &gate;
        if (!start_trial(&trials[started], stack_bytes)) break;
    }
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++) pthread_join(trials[i].thread, NULL);
    for (int i = 0; i < started; i++) {
        wait_until_gone(&trials[i]);
        munmap(trials[i].stack, stack_bytes);
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
