/* The table of the kernels that are linked together: kernels.pyx. */
#ifndef FASTLOSS_TABLE_H
#define FASTLOSS_TABLE_H

#include "core/array.h"
#include "core/scaled.h"
#include "kernel_table.h"

#define FL_PLAN(NAME) void NAME(void *job, kernel_plan *plan);
#define FL_CHUNK(NAME) exact_sum NAME(void *job, ptrdiff_t chunk, real *scratch);
#define FL_KERNEL(PLAN, CHUNK) {PLAN, (chunk_work)CHUNK}

FL_PLAN(plan_numbers)
FL_CHUNK(chunk_of_numbers)
FL_PLAN(plan_weights)
FL_CHUNK(chunk_of_weights)
ptrdiff_t first_refused_number(void *job, ptrdiff_t start, ptrdiff_t stop);
FL_PLAN(plan_elements)
FL_CHUNK(chunk_of_elements)
int find_element_loss(const char *name, elementwise_loss *found);
void look_at_elements(void *job);
FL_PLAN(plan_labelled_rows)
FL_CHUNK(chunk_of_labelled_rows)
FL_PLAN(plan_target_rows)
FL_CHUNK(chunk_of_target_rows)
FL_PLAN(plan_nll_rows)
FL_CHUNK(chunk_of_nll_rows)
FL_PLAN(plan_normal_rows)
FL_CHUNK(chunk_of_normal_rows)
FL_PLAN(plan_ranked_rows)
FL_CHUNK(chunk_of_ranked_rows)
FL_PLAN(plan_pair_rows)
FL_CHUNK(chunk_of_pair_rows)
FL_PLAN(plan_compared_rows)
FL_CHUNK(chunk_of_compared_rows)
label_loss label_loss_called(const char *name);
FL_PLAN(plan_ctc)
FL_CHUNK(sequence_loss)
FL_PLAN(plan_score)
FL_CHUNK(score_group)
int shared_loss(void *job, int threads, rounds_runner run);
FL_PLAN(plan_align)
FL_CHUNK(align_sequence)
FL_PLAN(plan_extend)
FL_CHUNK(extend_chunk)
FL_PLAN(plan_decode)
FL_CHUNK(decode_sequence)
int shared_align(void *job, int threads, rounds_runner run);
void extend_root(void *job);

static const kernel_table TABLE = {
    .size = sizeof(kernel_table),
    .dtype = FL_NATIVE,
    .numbers = FL_KERNEL(plan_numbers, chunk_of_numbers),
    .weights = FL_KERNEL(plan_weights, chunk_of_weights),
    .first_refused = first_refused_number,
    .count_labels = count_labels,
    .elements = FL_KERNEL(plan_elements, chunk_of_elements),
    .find_element_loss = find_element_loss,
    .look_at_elements = look_at_elements,
    .labelled_rows = FL_KERNEL(plan_labelled_rows, chunk_of_labelled_rows),
    .target_rows = FL_KERNEL(plan_target_rows, chunk_of_target_rows),
    .log_prob_rows = FL_KERNEL(plan_nll_rows, chunk_of_nll_rows),
    .normal_rows = FL_KERNEL(plan_normal_rows, chunk_of_normal_rows),
    .ranked_rows = FL_KERNEL(plan_ranked_rows, chunk_of_ranked_rows),
    .pair_rows = FL_KERNEL(plan_pair_rows, chunk_of_pair_rows),
    .compared_rows = FL_KERNEL(plan_compared_rows, chunk_of_compared_rows),
    .find_label_loss = label_loss_called,
    .slots = FL_SLOTS,
    .ctc = FL_KERNEL(plan_ctc, sequence_loss),
    .score = FL_KERNEL(plan_score, score_group),
    .shared_ctc = shared_loss,
#ifdef FL_REAL64
    .align = FL_KERNEL(plan_align, align_sequence),
    .extend = FL_KERNEL(plan_extend, extend_chunk),
    .decode = FL_KERNEL(plan_decode, decode_sequence),
    .shared_align = shared_align,
    .root = extend_root,
#endif
};

#endif
