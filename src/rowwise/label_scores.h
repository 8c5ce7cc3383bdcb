/* Of a row's classes, for label_scores.pxi: the sums of e = exp(x - peak) and of e (x - peak), and how many rank above
 * the label. With the peak left out of the first sum, and no part of the second, as x - peak is 0 there, log-probability
 * and entropy keep their digits near certainty. A class ranks above the label if it scores higher, or as high with a
 * lower index. */
#ifndef FASTLOSS_LABEL_SCORES_H
#define FASTLOSS_LABEL_SCORES_H

#include "core/lanes.h"

/* x - peak; finite where x is -inf, so that its product with e, which is 0 then, is 0 too. */
FL_INLINE real below_peak(real x, real peak) { return r_atleast(x - peak, -R(FL_LARGEST)); }

/* FL_LANES classes of a row, none of them the peak or the label. `ties`, a constant: whether a class that scores as high
 * as the label ranks above it. */
FL_INLINE void lanes_scores(const real *x, real peak, real score, real_p rest, real_p moment, xint_p above,
                            const int ties)
{
    real term[FL_LANES];
    exp_lanes(x, peak, term, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        rest[i] += term[i];
        moment[i] = r_fma(term[i], below_peak(x[i], peak), moment[i]);
        above[i] += ties ? x[i] >= score : x[i] > score;
    }
}

/* Any FL_LANES classes: with the label's place and the peak's, which is excluded, or any number that is no place; those
 * before `first` do not count. */
FL_INLINE void lanes_scores_any(const real *x, real peak, real score, real_p rest, real_p moment, xint_p above,
                                xint label, xint excluded, xint first)
{
    real term[FL_LANES];
    exp_lanes(x, peak, term, NULL, 0);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real e = ((i == excluded) | (i < first)) ? R(0.0) : term[i];
        rest[i] += e;
        moment[i] = r_fma(e, below_peak(x[i], peak), moment[i]);
        above[i] += ((x[i] > score) | ((x[i] == score) & (i < label))) & (i >= first);
    }
}

#endif
