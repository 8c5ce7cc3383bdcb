/* The rule of what is a legal label, for every row loss: a class, or the index that is ignored. */
#ifndef FASTLOSS_LABELS_H
#define FASTLOSS_LABELS_H

#include "core/real.h"

typedef struct {
    int64_t classes;
    int64_t ignore_index; /* -1 where no label is ignored, which no legal one is */
    int has_ignored;
} label_rule;

#define WIDEN_LABELS(type) \
    for (ptrdiff_t i = 0; i < n; i++) label[i] = (int64_t)((const type *)from)[i]

/* Labels of any integer type as int64, by the bytes of one and whether they have a sign. What is beyond int64 becomes
 * its largest number, which is no label either, and does not wrap. */
FL_NOINLINE void widen_labels(int64_t *label, const void *from, ptrdiff_t n, int bytes, int is_signed)
{
    switch (is_signed ? -bytes : bytes) {
    case -1: WIDEN_LABELS(int8_t); break;
    case -2: WIDEN_LABELS(int16_t); break;
    case -4: WIDEN_LABELS(int32_t); break;
    case -8: WIDEN_LABELS(int64_t); break;
    case 1: WIDEN_LABELS(uint8_t); break;
    case 2: WIDEN_LABELS(uint16_t); break;
    case 4: WIDEN_LABELS(uint32_t); break;
    default:
        for (ptrdiff_t i = 0; i < n; i++) {
            const uint64_t from_i = ((const uint64_t *)from)[i];
            label[i] = from_i < INT64_MAX ? (int64_t)from_i : INT64_MAX;
        }
    }
}
#undef WIDEN_LABELS

/* How many labels are not ignored, or -1 - the place of the first that is out of range. A row with a weight of 0 may
 * have any label, as it is not used; `weight` is NULL where there are none. */
FL_NOINLINE ptrdiff_t count_labels(const int64_t *label, const double *weight, ptrdiff_t n, label_rule rule)
{
    /* Where none is ignored, a legal label stands for the one that is: it is never bad, and not subtracted. */
    const int64_t classes = rule.classes, ignore_index = rule.has_ignored ? rule.ignore_index : 0;
    ptrdiff_t ignored = 0;
    int bad = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        ignored += label[i] == ignore_index;
        bad |= (label[i] != ignore_index) & ((label[i] < 0) | (label[i] >= classes));
    }
    if (bad || (!rule.has_ignored && classes == 0)) /* without classes no label is legal */
        for (ptrdiff_t i = 0; i < n; i++)
            if (!(label[i] == rule.ignore_index && rule.has_ignored) && (label[i] < 0 || label[i] >= rule.classes) &&
                !(weight && weight[i] == 0))
                return -1 - i;
    return rule.has_ignored ? n - ignored : n;
}

#endif
