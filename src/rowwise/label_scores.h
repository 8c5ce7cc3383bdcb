/* The loops of label_scores.pxi over the classes of a row. */
#ifndef FASTLOSS_LABEL_SCORES_H
#define FASTLOSS_LABEL_SCORES_H

#include "core/half.h"
#include "core/transpose.h"

/* ---- a block's largest score, and how many classes rank above the label: they score higher, or as high with a lower
 * index. `dtype` is that of halves, which are widened to x meanwhile; or FL_NATIVE, and the scores are in x. ---- */

/* FL_LANES classes, all before the label or all after it: `ties`, a constant as the dtype. */
FL_INLINE void lanes_look(const uint16_t *FL_RESTRICT h, real_p x, real score, real_p top, xint_p above,
                          const int dtype, const int ties)
{
    if (dtype != FL_NATIVE) widen_lanes(h, x, dtype);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        top[i] = x[i] > top[i] ? x[i] : top[i];
        above[i] += ties ? x[i] >= score : x[i] > score;
    }
}

/* Any, of which those before `first` are not counted; `label` is a place from the first of them. */
FL_INLINE void lanes_look_any(const uint16_t *FL_RESTRICT h, real_p x, real score, real_p top, xint_p above,
                              const int dtype, xint label, xint first)
{
    if (dtype != FL_NATIVE) widen_lanes(h, x, dtype);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        top[i] = x[i] > top[i] ? x[i] : top[i];
        above[i] += ((x[i] > score) | ((x[i] == score) & (i < label))) & (i >= first);
    }
}

FL_INLINE real look_at_numbers(const uint16_t *FL_RESTRICT h, real_p x, ptrdiff_t n, ptrdiff_t skipped, ptrdiff_t label,
                               real score, ptrdiff_t *total, const int dtype)
{
    real top[FL_LANES];
    xint above[FL_LANES] = {0};
    const ptrdiff_t whole = n - n % FL_LANES, start = skipped ? FL_LANES : 0;
    const ptrdiff_t within = label < start ? start : label < whole ? label : whole, edge = within - within % FL_LANES;
    ptrdiff_t j;
    for (int i = 0; i < FL_LANES; i++) top[i] = -R(INFINITY);
    if (skipped) lanes_look_any(h, x, score, top, above, dtype, (xint)label, (xint)skipped);
    for (j = start; j < edge; j += FL_LANES) lanes_look(h + j, x + j, score, top, above, dtype, 1);
    if (edge < whole) lanes_look_any(h + edge, x + edge, score, top, above, dtype, (xint)(label - edge), 0);
    for (j = edge + FL_LANES; j < whole; j += FL_LANES) lanes_look(h + j, x + j, score, top, above, dtype, 0);
    j = n - FL_LANES; /* the last, ragged group together with some of the one before */
    if (whole < n) lanes_look_any(h + j, x + j, score, top, above, dtype, (xint)(label - j), (xint)(whole - j));
    for (int i = 0; i < FL_LANES; i++) *total += above[i];
    return lanes_top(top);
}

/* A block of at least FL_LANES classes. The first `skipped` of them, less than FL_LANES, are not counted; `label` is a
 * place from the block's start, within it or not. Adds to `total`; returns the largest, NaN passed over, and -inf where
 * there is none. Halves are widened to the buffer. */
FL_NOINLINE real look_at_block(const number_run *run, ptrdiff_t start, ptrdiff_t n, real *buffer, ptrdiff_t skipped,
                               ptrdiff_t label, real score, ptrdiff_t *total)
{
    if (run->x) return look_at_numbers(NULL, (real *)run->x + start, n, skipped, label, score, total, FL_NATIVE);
    const uint16_t *h = run->halves + start;
    if (run->dtype == FL_FLOAT16) return look_at_numbers(h, buffer, n, skipped, label, score, total, FL_FLOAT16);
    return look_at_numbers(h, buffer, n, skipped, label, score, total, FL_BFLOAT16);
}

/* ---- e = exp(x - peak) and its product with x - peak ---- */

FL_INLINE void lanes_moment(const real *x, real peak, real_p rest, real_p moment)
{
#if FL_HAS_WIDE /* one vector after the other: all at once would not leave enough registers for the sums */
    for (int i = 0; i < FL_LANES; i += FL_WIDE) {
        wide below = clamp_to_eighths(W_(sub_ps)(W_(loadu_ps)(x + i), W_(set1_ps)(peak)));
        wide e = near_exp(below, constants_in_memory());
        W_(storeu_ps)(rest + i, W_(add_ps)(W_(loadu_ps)(rest + i), e));
        W_(storeu_ps)(moment + i, W_(fmadd_ps)(e, below, W_(loadu_ps)(moment + i)));
    }
#else
    real e[FL_LANES], below[FL_LANES];
    exp_lanes_below(x, peak, e, below);
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) {
        rest[i] += e[i];
        moment[i] = r_fma(e[i], below[i], moment[i]);
    }
#endif
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

#if FL_HAS_WIDE
/* The sums of the rows k .. k + FL_WIDE of a tile, as tile_moments() says. */
FL_INLINE void wide_moments(const real *table, ptrdiff_t classes, ptrdiff_t strip, int k, const real *peak,
                            const xint *excluded, real *rest, real *moment, const real *ahead)
{
    const eighth_constants constants = constants_in_registers();
    const wide top = W_(loadu_ps)(peak), none = W_(setzero_ps)();
    wide rest_sum = none, moment_sum = none;
    for (ptrdiff_t start = 0; start < classes; start += strip) {
        const ptrdiff_t stop = start + strip < classes ? start + strip : classes;
        wide rest_part = none, moment_part = none;
        for (ptrdiff_t c = start; c < stop; c++) {
            prefetch(ahead + k * classes + c * FL_WIDE); /* in the order of memory */
            wide below = clamp_to_eighths(W_(sub_ps)(W_(loadu_ps)(table + c * FL_TILE + k), top));
            wide e = W_CLEAR(near_exp(below, constants), excluded, (int32_t)c);
            rest_part = W_(add_ps)(rest_part, e);
            moment_part = W_(fmadd_ps)(e, below, moment_part);
        }
        rest_sum = W_(add_ps)(rest_sum, rest_part);
        moment_sum = W_(add_ps)(moment_sum, moment_part);
    }
    W_(storeu_ps)(rest, rest_sum);
    W_(storeu_ps)(moment, moment_sum);
}
#endif

/* The sums of a tile's rows of few classes, which lie across the lanes, without each row's excluded class. `strip`
 * classes are summed by themselves. */
FL_NOINLINE void tile_moments(const real *FL_RESTRICT table, ptrdiff_t classes, ptrdiff_t strip, real_cp peak,
                              xint_cp excluded, real_p rest, real_p moment, const real *ahead)
{
#if FL_HAS_WIDE
    for (int k = 0; k < FL_TILE; k += FL_WIDE)
        wide_moments(table, classes, strip, k, peak + k, excluded + k, rest + k, moment + k, ahead);
#else
    const real none = r_opaque(R(FL_EXP_NONE));
    for (int k = 0; k < FL_TILE; k++) rest[k] = moment[k] = R(0.0);
    for (ptrdiff_t start = 0; start < classes; start += strip) {
        const ptrdiff_t stop = start + strip < classes ? start + strip : classes;
        real rest_part[FL_TILE] = {0}, moment_part[FL_TILE] = {0};
        for (ptrdiff_t c = start; c < stop; c++) {
            for (int k = 0; k < FL_TILE; k += FL_LANES) prefetch_lanes(ahead + c * FL_TILE + k);
#pragma omp simd
            for (int k = 0; k < FL_TILE; k++) {
                real below = r_atleast(table[c * FL_TILE + k] - peak[k], none), term = r_exp_of_clamped(below);
                real e = excluded[k] == (xint)c ? R(0.0) : term;
                rest_part[k] += e;
                moment_part[k] = r_fma(e, below, moment_part[k]);
            }
        }
        for (int k = 0; k < FL_TILE; k++) {
            rest[k] += rest_part[k];
            moment[k] += moment_part[k];
        }
    }
#endif
}

/* ---- the results of a tile's rows ---- */

FL_INLINE int has_nan(real_cp x)
{
    xint found = 0;
#pragma omp simd reduction(| : found)
    for (int k = 0; k < FL_TILE; k++) found |= -(xint)(x[k] != x[k]);
    return found != 0;
}

FL_NOINLINE void store_numbers(real *FL_RESTRICT log_probs, real *FL_RESTRICT entropies, ptrdiff_t n, real_cp log_prob,
                               real_cp entropy, xint_cp ignored)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        log_probs[k] = from_bits(bits_of(log_prob[k]) & (ignored[k] - 1)); /* 0 where it is ignored */
        entropies[k] = entropy[k];
    }
}

FL_NOINLINE void store_classes(int64_t *FL_RESTRICT ranks, int64_t *FL_RESTRICT bests, ptrdiff_t n, xint_cp above,
                               xint_cp best, xint_cp ignored)
{
    for (ptrdiff_t k = 0; k < n; k++) {
        ranks[k] = above[k] | -ignored[k]; /* -1 where it is ignored */
        bests[k] = best[k];
    }
}

#endif
