/* The loops of label_scores.pxi over the classes of a row. */
#ifndef FASTLOSS_LABEL_SCORES_H
#define FASTLOSS_LABEL_SCORES_H

#include "core/lanes.h"

/* ---- how many classes rank above the label: they score higher, or as high with a lower index ---- */

/* FL_LANES classes, all before the label or all after it: `ties`, a constant. */
FL_INLINE void lanes_above(real_cp x, real score, xint_p above, const int ties)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) above[i] += ties ? x[i] >= score : x[i] > score;
}

/* Any, of which those before `first` do not count; `label` is a place from the first of them. */
FL_INLINE void lanes_above_any(real_cp x, real score, xint_p above, xint label, xint first)
{
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++)
        above[i] += ((x[i] > score) | ((x[i] == score) & (i < label))) & (i >= first);
}

/* Of a block of at least FL_LANES classes without the first `skipped`, which may be less than FL_LANES. `label` is a
 * place from the block's start, within it or not. */
FL_NOINLINE ptrdiff_t count_above(const real *FL_RESTRICT x, ptrdiff_t n, ptrdiff_t skipped, ptrdiff_t label, real score)
{
    xint above[FL_LANES] = {0};
    const ptrdiff_t whole = n - n % FL_LANES, start = skipped ? FL_LANES : 0;
    const ptrdiff_t within = label < start ? start : label < whole ? label : whole, edge = within - within % FL_LANES;
    ptrdiff_t total = 0, j;
    if (skipped) lanes_above_any(x, score, above, (xint)label, (xint)skipped);
    for (j = start; j < edge; j += FL_LANES) lanes_above(x + j, score, above, 1);
    if (edge < whole) lanes_above_any(x + edge, score, above, (xint)(label - edge), 0);
    for (j = edge + FL_LANES; j < whole; j += FL_LANES) lanes_above(x + j, score, above, 0);
    j = n - FL_LANES; /* the last, ragged group together with some of the one before */
    if (whole < n) lanes_above_any(x + j, score, above, (xint)(label - j), (xint)(whole - j));
    for (int i = 0; i < FL_LANES; i++) total += above[i];
    return total;
}

/* ---- e = exp(x - peak) and its product with x - peak ---- */

FL_INLINE void lanes_moment(const real *x, real peak, real_p rest, real_p moment)
{
    real e[FL_LANES], below[FL_LANES];
    exp_lanes_below(x, peak, e, below);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        rest[i] += e[i];
        moment[i] = r_fma(e[i], below[i], moment[i]);
    }
}

/* The same without the lane `excluded`, if there is such a lane, and without those before `first`. */
FL_INLINE void lanes_moment_excluding(const real *x, real peak, real_p rest, real_p moment, xint excluded, xint first)
{
    real e[FL_LANES], below[FL_LANES];
    exp_lanes_below(x, peak, e, below);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        real counted = ((i == excluded) | (i < first)) ? R(0.0) : e[i];
        rest[i] += counted;
        moment[i] = r_fma(counted, below[i], moment[i]);
    }
}

/* Adds a block's sums; `excluded` and `skipped` as above, `ahead` is what to prefetch. */
FL_NOINLINE void add_moments(const real *FL_RESTRICT x, ptrdiff_t n, ptrdiff_t skipped, ptrdiff_t excluded, real peak,
                             const real *ahead, double *rest_sum, double *moment_sum)
{
    real rest[FL_LANES] = {0}, moment[FL_LANES] = {0};
    const ptrdiff_t whole = n - n % FL_LANES, start = skipped ? FL_LANES : 0;
    const ptrdiff_t within = excluded < start ? whole : excluded, edge = within - within % FL_LANES;
    ptrdiff_t j;
    if (skipped) lanes_moment_excluding(x, peak, rest, moment, (xint)excluded, (xint)skipped);
    for (j = start; j < edge; j += FL_LANES) {
        prefetch_lanes(ahead + j);
        lanes_moment(x + j, peak, rest, moment);
    }
    if (edge < whole) lanes_moment_excluding(x + edge, peak, rest, moment, (xint)(excluded - edge), 0);
    for (j = edge + FL_LANES; j < whole; j += FL_LANES) {
        prefetch_lanes(ahead + j);
        lanes_moment(x + j, peak, rest, moment);
    }
    j = n - FL_LANES;
    if (whole < n) lanes_moment_excluding(x + j, peak, rest, moment, (xint)(excluded - j), (xint)(whole - j));
    *rest_sum += lanes_total(rest);
    *moment_sum += lanes_total(moment);
}

#endif
