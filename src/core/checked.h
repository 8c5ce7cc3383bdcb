/* What calls and kernels both know of which numbers are legal. */
#ifndef FASTLOSS_CHECKED_H
#define FASTLOSS_CHECKED_H

#include "core/atomic.h"

typedef enum { /* fastloss/_validation.py has the words */
    ANY_NUMBER,
    NOT_NEGATIVE,
    POSITIVE,
    ABOVE_MINUS_1,
    UNIT_INTERVAL,
    SIGNS, /* -1 or 1 throughout, or 0 or 1 throughout */
} domain;

/* What was found in the blocks so far. Any thread may set a field to 1, at any time: only by atomic_set. */
typedef struct {
    int illegal, minus_1, zero;
} findings;

static inline int is_refused(const findings *found)
{
    return atomic_get(&found->illegal) || (atomic_get(&found->minus_1) && atomic_get(&found->zero));
}

#endif
