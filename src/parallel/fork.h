/* A fork after parallel work that neither hangs nor crashes. */
#ifndef FASTLOSS_FORK_H
#define FASTLOSS_FORK_H

#include "parallel/threads.h"

static int in_forked_child = 0;

#if HAS_PTHREADS
static void in_child(void)
{
    in_forked_child = 1;
    main_thread = PyThread_get_thread_ident(); /* Python's rule: the one that forked */
    pool_state.active_calls = 0;               /* the threads that made them are not here */
#ifdef _OPENMP
    reset_start();
#endif
}
#endif

#if HAS_PTHREADS && defined(_OPENMP)
#include <dlfcn.h> /* dladdr needs _GNU_SOURCE, which Python.h defines: include that first */

/* libgomp's worker threads do not exist in a forked child, but its pool says that they do: the child's next parallel
 * region waits for them for ever. Releasing the forking thread's pool just before the fork prevents that. LLVM's libomp
 * handles a fork itself, and hangs the parent if its pool is released; it is recognised by a symbol of its own. */
static int (*pause_openmp)(int) = NULL;

static void before_fork(void)
{
    if (!pause_openmp) return;
    pause_openmp(2 /* omp_pause_hard */);
    forget_pool();
}

/* Returns whether a child may run parallel regions. */
static int protect_fork(void)
{
    Dl_info where;
    int llvm = 0;
    if (dladdr((void *)omp_get_max_threads, &where) && where.dli_fname) {
        /* Looked up in the very library that we are bound to: a process may hold several OpenMP libraries. */
        void *library = dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        if (library) {
            llvm = dlsym(library, "__kmpc_fork_call") != NULL;
            if (!llvm) *(void **)&pause_openmp = dlsym(library, "omp_pause_resource_all");
        }
    }
    pthread_atfork(before_fork, NULL, in_child);
    return llvm || pause_openmp != NULL;
}
#else
static int protect_fork(void)
{
#if HAS_PTHREADS
    pthread_atfork(NULL, NULL, in_child);
#endif
    return 1;
}
#endif

#endif
