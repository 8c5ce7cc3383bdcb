/* What the calls (calls.pyx), which are compiled once, know of the kernels of one instruction set and float type: a
 * table of functions. Jobs are what a call fills in for a kernel; they are the same for both float types. */
#ifndef FASTLOSS_KERNEL_TABLE_H
#define FASTLOSS_KERNEL_TABLE_H

#include "core/labels.h"
#include "elementwise/element_loss.h"
#include "parallel/kernel.h"
#include "rowwise/row_loss.h"

typedef struct {
    size_t size; /* of the table: of another one, if a module is left from an earlier build */
    int dtype;   /* of the float type: array.h */
    kernel numbers, weights;
    ptrdiff_t (*first_refused)(void *job, ptrdiff_t start, ptrdiff_t stop);
    ptrdiff_t (*count_labels)(const int64_t *label, const double *weight, ptrdiff_t n, label_rule rule);
    kernel elements;
    int (*find_element_loss)(const char *name, elementwise_loss *found);
    void (*look_at_elements)(void *job);
    kernel labelled_rows, target_rows, log_prob_rows, normal_rows, ranked_rows, pair_rows, compared_rows;
    label_loss (*find_label_loss)(const char *name);
    ptrdiff_t slots; /* of a step of CTC: core/scaled.h */
    kernel ctc, score;
    shared_kernel shared_ctc;
    /* Of float64 only. */
    kernel align, extend, decode;
    shared_kernel shared_align;
    void (*root)(void *job);
} kernel_table;

#endif
