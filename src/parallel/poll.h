/* What a kernel asks inside a chunk that may take long: whether the call is to stop. Between chunks nobody has to ask. */
#ifndef FASTLOSS_POLL_H
#define FASTLOSS_POLL_H

#include "core/real.h"

/* Work between two looks at the clock, in units of about a nanosecond on one core: so often that the answer is never
 * more than some milliseconds old, and so seldom that it costs nothing. */
#define POLL_WORK ((ptrdiff_t)1 << 20)

/* Of one thread in a run of chunks; parallel/interrupt.h fills it. */
typedef struct poll_state {
    ptrdiff_t left;                  /* work until the next look */
    ptrdiff_t done;                  /* work before the last look; read by the calling thread */
    int (*look)(struct poll_state *); /* returns whether to stop */
    struct run_state *run;
    int is_caller;
    int stride, chunks_left; /* of the calling thread: chunks between two looks, and until the next */
} poll_state;

/* A thread's state lies in the cache line before its scratch, which every chunk gets. NULL where memory is only
 * counted. */
FL_INLINE poll_state *poll_of(void *scratch)
{
    return scratch ? (poll_state *)((char *)scratch - FL_LINE) : NULL;
}

/* Whether the call is to stop, asked before or after so much work. A chunk then returns at once, whatever: what the
 * call has computed is not used. Not in calls of the fast path, whose threads are 0: they are too short. */
FL_INLINE int should_stop(poll_state *poll, ptrdiff_t work)
{
    poll->left -= work;
    return poll->left < 0 && poll->look(poll);
}

#endif
