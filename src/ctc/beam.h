/* Loops of the beam search of decode.pyx, which explains the names: those that must become vector code. */
#ifndef FASTLOSS_BEAM_H
#define FASTLOSS_BEAM_H

#include "core/lanes.h"

#define SCORE_BLOCK 64 /* scores of a frame whose largest is kept, so that most can be passed over */

/* Hypotheses, a number of each in every array. */
typedef struct {
    ptrdiff_t count, capacity;
    int32_t *node;                  /* its prefix in the trie */
    int32_t *last;                  /* the prefix's last label; the blank's class for the empty one */
    real *blank, *label, *total;    /* probability of its paths that end in a blank, in its last label, of both */
    real *best_blank, *best_label;  /* logarithm of the most probable of these paths */
    int32_t *from_blank, *from_label; /* where that path was a frame before: see decode.pyx */
} hypotheses;

/* The largest score of each block. Whether there is a NaN. */
FL_NOINLINE int scan_scores(real_cp x, ptrdiff_t n, real_p peaks)
{
    int has_nan = 0;
    for (ptrdiff_t start = 0; start < n; start += SCORE_BLOCK) {
        const ptrdiff_t stop = start + SCORE_BLOCK < n ? start + SCORE_BLOCK : n;
        xint wrong = 0;
#pragma omp simd reduction(| : wrong)
        for (ptrdiff_t i = start; i < stop; i++) wrong |= x[i] != x[i];
        has_nan |= wrong != 0;
        *peaks++ = largest_of(x + start, stop - start);
    }
    return has_nan;
}

/* Emissions relative to the frame's largest, as logarithms and as probabilities; below the floor there is none. */
FL_INLINE void exp_scores(real_p score, real_p emission, ptrdiff_t n, real peak, real floor)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) {
        real relative = score[i] - peak;
        relative = relative < floor ? -R(INFINITY) : relative;
        score[i] = relative;
        emission[i] = r_exp(relative);
    }
}

/* What becomes of hypotheses that no label is added to. */
FL_NOINLINE void keep_prefixes(const hypotheses *old, const hypotheses *new, real_cp score, real_cp emission,
                               real blank_score, real blank_emission)
{
    real_cp label = old->label, total = old->total;
    real_cp best_blank = old->best_blank, best_label = old->best_label;
    real_p new_blank = new->blank, new_label = new->label;
    real_p new_best_blank = new->best_blank, new_best_label = new->best_label;
    const ptrdiff_t n = old->count;
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) {
        real best = best_label[i] > best_blank[i] ? best_label[i] : best_blank[i];
        new_blank[i] = total[i] * blank_emission;
        new_label[i] = label[i] * emission[i];
        new_best_blank[i] = best + blank_score;
        new_best_label[i] = best_label[i] + score[i];
    }
}

/* Sums of both kinds of paths. */
FL_INLINE void add_kinds(real_cp blank, real_cp label, real_p total, ptrdiff_t n)
{
#pragma omp simd
    for (ptrdiff_t i = 0; i < n; i++) total[i] = blank[i] + label[i];
}

#endif
