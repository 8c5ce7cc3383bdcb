/* The rule of what is a legal label, for every row loss: a class, or the index that is ignored. */
#ifndef FASTLOSS_LABELS_H
#define FASTLOSS_LABELS_H

#include "core/real.h"

/* How many labels count, or -1 - the place of the first that is out of range. */
FL_NOINLINE ptrdiff_t count_labels(const int64_t *label, ptrdiff_t n, int64_t classes, int64_t ignore_index)
{
    ptrdiff_t ignored = 0;
    int bad = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        ignored += label[i] == ignore_index;
        bad |= (label[i] != ignore_index) & ((label[i] < 0) | (label[i] >= classes));
    }
    if (bad)
        for (ptrdiff_t i = 0; i < n; i++)
            if (label[i] != ignore_index && (label[i] < 0 || label[i] >= classes)) return -1 - i;
    return n - ignored;
}

#endif
