/* A block of FL_FRAMES frames of one sequence, across the vector lanes: table[r * FL_FRAMES + k] is frame k in row r of
 * the table. A row is a class; rows are those of all classes, or of the classes that the target uses.
 *
 * ctc.pyx explains the names. What is said of a block's frames holds for the lanes beyond the last frame of a sequence,
 * too: these repeat that frame, and nobody reads what comes of them.
 */
#ifndef FASTLOSS_CTC_BLOCK_H
#define FASTLOSS_CTC_BLOCK_H

#include "core/lanes.h"
#include "core/scaled.h"
#include "core/transpose.h"

#if FL_FRAMES != FL_LANES
#error "a step over lanes is one over the frames of a block"
#endif

#define FL_SUMMED 16 /* rows that are summed by themselves: long sums of float32 lose digits */

/* What is known of each frame. */
typedef struct {
    real best[FL_FRAMES];  /* largest and smallest score of the used classes */
    real worst[FL_FRAMES];
    real nan[FL_FRAMES];   /* NaN where one of these is, otherwise 0 */
    real peak[FL_FRAMES];  /* largest score of all classes */
    real rest[FL_FRAMES];  /* sum of e over all classes but one of the peaks */
} ctc_block;

/* ---- scores ---- */

/* best, worst and, unless the softmax will find it, nan. */
FL_INLINE void extremes(const real *table, const int32_t *row, ptrdiff_t used, ctc_block *block, const int want_nan)
{
    real best[FL_FRAMES], worst[FL_FRAMES], nan[FL_FRAMES];
    for (int k = 0; k < FL_FRAMES; k++) best[k] = -R(INFINITY), worst[k] = R(INFINITY), nan[k] = 0;
    for (ptrdiff_t u = 0; u < used; u++) {
        const real *x = table + row[u] * FL_FRAMES;
        lanes_max(x, best);
        lanes_min(x, worst);
        if (want_nan) lanes_nan(x, nan);
    }
    memcpy(block->best, best, sizeof best);
    memcpy(block->worst, worst, sizeof worst);
    memcpy(block->nan, nan, sizeof nan);
}
FL_NOINLINE void block_extremes(const real *table, const int32_t *row, ptrdiff_t used, ctc_block *block)
{
    extremes(table, row, used, block, 0);
}
FL_NOINLINE void block_extremes_and_nan(const real *table, const int32_t *row, ptrdiff_t used, ctc_block *block)
{
    extremes(table, row, used, block, 1);
}

/* peak; and best and worst of all classes, which bound those of the used ones. */
FL_NOINLINE void block_peak(const real *table, ptrdiff_t classes, ctc_block *block)
{
    real peak[FL_FRAMES], worst[FL_FRAMES];
    for (int k = 0; k < FL_FRAMES; k++) peak[k] = -R(INFINITY), worst[k] = R(INFINITY);
    for (ptrdiff_t c = 0; c < classes; c++) {
        lanes_max(table + c * FL_FRAMES, peak);
        lanes_min(table + c * FL_FRAMES, worst);
    }
    memcpy(block->peak, peak, sizeof peak);
    memcpy(block->best, peak, sizeof peak);
    memcpy(block->worst, worst, sizeof worst);
    for (int k = 0; k < FL_FRAMES; k++) block->nan[k] = 0; /* the softmax will find it */
}

/* What is subtracted from scores: the peak; 0 where that is -inf, since -inf - -inf would be NaN. */
FL_INLINE void block_reference(const real *peak, real *reference)
{
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) reference[k] = peak[k] < -R(FL_LARGEST) ? R(0.0) : peak[k];
}

/* Whether exponentials of used classes have to have exponents of their own, in any frame. */
FL_INLINE int block_needs_exponents(const ctc_block *block, const real *peak)
{
    xint low = 0;
#pragma omp simd reduction(| : low)
    for (int k = 0; k < FL_FRAMES; k++) low |= block->worst[k] - peak[k] < R(FL_EXP_LOW);
    return low != 0;
}

/* The scores of all classes become e, and rest their sum. */
FL_NOINLINE void block_softmax(real *table, ptrdiff_t classes, ctc_block *block)
{
    const real least = r_opaque(R(FL_EXP_NONE));
    real reference[FL_FRAMES], rest[FL_FRAMES];
    xint count[FL_FRAMES];
    block_reference(block->peak, reference);
    for (int k = 0; k < FL_FRAMES; k++) rest[k] = 0, count[k] = 0;
    for (ptrdiff_t start = 0; start < classes; start += FL_SUMMED) {
        const ptrdiff_t stop = classes - start < FL_SUMMED ? classes : start + FL_SUMMED;
        real part[FL_FRAMES];
        for (int k = 0; k < FL_FRAMES; k++) part[k] = 0;
        for (ptrdiff_t c = start; c < stop; c++) {
            real *x = table + c * FL_FRAMES;
#pragma omp simd
            for (int k = 0; k < FL_FRAMES; k++) {
                const xint at_peak = -(xint)(x[k] == reference[k]); /* a mask, as selects would become branches */
                real e = r_exp_above(x[k] - reference[k], least);
                x[k] = e;
                part[k] += from_bits(bits_of(e) & ~at_peak);
                count[k] -= at_peak;
            }
        }
        for (int k = 0; k < FL_FRAMES; k++) rest[k] += part[k];
    }
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) { /* NaN where the peak is inf, which is no term like others */
        block->rest[k] = rest[k] + (real)x_max(count[k] - 1, 0) + (reference[k] - reference[k]);
    }
}

/* The scores of the used classes become e. */
FL_NOINLINE void block_exp(real *table, const int32_t *row, ptrdiff_t used, const real *peak)
{
    const real least = r_opaque(R(FL_EXP_NONE));
    real reference[FL_FRAMES];
    block_reference(peak, reference);
    for (ptrdiff_t u = 0; u < used; u++) {
        real *x = table + row[u] * FL_FRAMES;
#pragma omp simd
        for (int k = 0; k < FL_FRAMES; k++) x[k] = r_exp_above(x[k] - reference[k], least);
    }
}

/* exp(x - best) of one row, as mantissa and exponent. A score counts as `lowest`, below the best, if it is lower;
 * returns whether one above -inf was. */
FL_NOINLINE int block_exp_scaled(const real *x, const real *best, real lowest, real *mantissa, xint *exponent)
{
    real reference[FL_FRAMES];
    int is_saturated = 0;
    block_reference(best, reference);
    for (int k = 0; k < FL_FRAMES; k++) {
        real relative = x[k] - reference[k];
        x_exp(relative, lowest, &mantissa[k], &exponent[k]);
        is_saturated |= (relative < lowest) & (relative >= -R(FL_LARGEST));
    }
    return is_saturated;
}

/* mantissa * 2^exponent * factor, where that is not below the type's range. */
FL_INLINE void block_unscale(real_p mantissa, xint_cp exponent, real_cp factor)
{
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) mantissa[k] *= x_power(exponent[k]) * factor[k];
}

/* exp(best - peak): from what is relative to the likeliest used class to what is relative to the likeliest of all. */
FL_INLINE void block_below_peak(const ctc_block *block, real *factor)
{
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) factor[k] = r_exp(block->best[k] - block->peak[k]);
}

/* Whether there is no finite best score of used classes, or a NaN among them, in any frame. */
FL_NOINLINE int block_is_special(const ctc_block *block)
{
    xint special = 0;
#pragma omp simd reduction(| : special)
    for (int k = 0; k < FL_FRAMES; k++)
        special |= !(r_abs(block->best[k]) <= R(FL_LARGEST)) | (block->nan[k] != R(0.0));
    return special != 0;
}

/* The sum of `count` numbers, and the product of as many and 1; in four parts, for speed. */
FL_INLINE double frames_total(const real *x, ptrdiff_t count)
{
    double part[4] = {0, 0, 0, 0};
    ptrdiff_t k = 0;
    for (; k + 4 <= count; k += 4)
        for (int i = 0; i < 4; i++) part[i] += (double)x[k + i];
    for (int i = 0; k < count; k++, i++) part[i] += (double)x[k];
    return (part[0] + part[2]) + (part[1] + part[3]);
}
FL_INLINE double frames_product(const real *x, ptrdiff_t count)
{
    double part[4] = {1, 1, 1, 1};
    ptrdiff_t k = 0;
    for (; k + 4 <= count; k += 4)
        for (int i = 0; i < 4; i++) part[i] *= 1 + (double)x[k + i];
    for (int i = 0; k < count; k++, i++) part[i] *= 1 + (double)x[k];
    return (part[0] * part[2]) * (part[1] * part[3]);
}

/* ---- between classes in lanes and the labels of a frame, one after the other ----
 *
 * The row of label i begins at place[i] of a table; labels from low to high are whole FL_SLOTS. The last block of a
 * sequence may have few frames: the second half of the lanes is left out where it has none. */

#ifdef FL_SHUFFLES

typedef real addends __attribute__((vector_size(16 * FL_PIECES)));
typedef real addends_at __attribute__((vector_size(16 * FL_PIECES), aligned(8), may_alias));

FL_INLINE void to_labels(const real *table, const int32_t *place, ptrdiff_t low, ptrdiff_t high, real *out,
                         ptrdiff_t pitch, const int frames)
{
    for (ptrdiff_t i = low; i < high; i += FL_COLUMNS)
        for (int k = 0; k < frames; k += FL_STEP) {
            vector a[FL_COLUMNS];
            for (int j = 0; j < FL_COLUMNS; j++) a[j] = *(const vector_at *)(table + place[i + j] + k);
            store_columns(a, out + k * pitch + i, pitch);
        }
}

FL_INLINE void add_labels(const real *x, ptrdiff_t pitch, const int32_t *place, ptrdiff_t low, ptrdiff_t high,
                          real *table, const int frames)
{
    for (ptrdiff_t i = low; i < high; i += FL_COLUMNS)
        for (int k = 0; k < frames; k += FL_STEP) {
            vector a[FL_COLUMNS];
            load_columns(x + k * pitch + i, pitch, a);
            for (int j = 0; j < FL_COLUMNS; j++)
                *(addends_at *)(table + place[i + j] + k) += (addends)a[j];
        }
}

#else

FL_INLINE void to_labels(const real *table, const int32_t *place, ptrdiff_t low, ptrdiff_t high, real *out,
                         ptrdiff_t pitch, const int frames)
{
    for (int k = 0; k < frames; k++)
        for (ptrdiff_t i = low; i < high; i++) out[k * pitch + i] = table[place[i] + k];
}

FL_INLINE void add_labels(const real *x, ptrdiff_t pitch, const int32_t *place, ptrdiff_t low, ptrdiff_t high,
                          real *table, const int frames)
{
    for (ptrdiff_t i = low; i < high; i++)
        for (int k = 0; k < frames; k++) table[place[i] + k] += x[k * pitch + i];
}

#endif

/* out[k * pitch + i] = table[place[i] + k] */
FL_NOINLINE void block_to_labels(const real *table, ptrdiff_t frames, const int32_t *place, ptrdiff_t low,
                                 ptrdiff_t high, real *out, ptrdiff_t pitch)
{
    if (frames > FL_FRAMES / 2) to_labels(table, place, low, high, out, pitch, FL_FRAMES);
    else to_labels(table, place, low, high, out, pitch, FL_FRAMES / 2);
}

/* table[place[i] + k] += x[k * pitch + i] */
FL_NOINLINE void block_add_labels(const real *x, ptrdiff_t pitch, ptrdiff_t frames, const int32_t *place, ptrdiff_t low,
                                  ptrdiff_t high, real *table)
{
    if (frames > FL_FRAMES / 2) add_labels(x, pitch, place, low, high, table, FL_FRAMES);
    else add_labels(x, pitch, place, low, high, table, FL_FRAMES / 2);
}

/* FL_FRAMES rows of scores, `pitch` numbers apart, into the lanes; and lanes into rows. */
FL_NOINLINE void block_load(const real *x, ptrdiff_t pitch, ptrdiff_t classes, real *table)
{
    if (classes >= FL_COLUMNS) load_pieces(x, pitch, classes, table, FL_FRAMES);
    else load_rows(x, pitch, classes, table, FL_FRAMES);
}

/* Of n frames. `out` has room for all. */
FL_NOINLINE void block_store(const real *table, ptrdiff_t n, ptrdiff_t classes, real *out, ptrdiff_t pitch)
{
    if (classes < FL_COLUMNS) store_rows(table, n, classes, out, pitch, FL_FRAMES);
    else if (n > FL_FRAMES / 2) store_pieces(table, FL_FRAMES, classes, out, pitch, FL_FRAMES);
    else store_pieces(table, FL_FRAMES / 2, classes, out, pitch, FL_FRAMES);
}

/* ---- the gradient, from each row's posterior probability times `total` ---- */

/* The sum over all rows; and that over the rows without a peak. */
FL_INLINE void block_totals(const real *posterior, const real *e, ptrdiff_t rows, real *total_out, real *others_out,
                            const int want_others)
{
    real total[FL_FRAMES], others[FL_FRAMES];
    for (int k = 0; k < FL_FRAMES; k++) total[k] = 0, others[k] = 0;
    for (ptrdiff_t r = 0; r < rows; r++)
#pragma omp simd
        for (int k = 0; k < FL_FRAMES; k++) {
            real p = posterior[r * FL_FRAMES + k];
            total[k] += p;
            if (want_others) others[k] += e[r * FL_FRAMES + k] == R(1.0) ? R(0.0) : p;
        }
    memcpy(total_out, total, sizeof total);
    if (want_others) memcpy(others_out, others, sizeof others);
}

/* scale (softmax - posterior), in the place of the posteriors. `is_certain`, a constant of the call: whether a class is
 * more likely than all others together, in any frame.
 *
 * In a certain frame both are close to 1 at the peak. There 1 is taken from both: what is left are sums over the other
 * classes, which keep their digits. */
FL_INLINE void grad_of_logits(real_p posterior, real_cp e, ptrdiff_t rows, real_cp rest, real scale,
                              const int is_certain)
{
    real total[FL_FRAMES], others[FL_FRAMES], share[FL_FRAMES], normal[FL_FRAMES];
    real at_peak[FL_FRAMES], peak_e[FL_FRAMES];
    block_totals(posterior, e, rows, total, others, is_certain);
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) {
        share[k] = scale / (R(1.0) + rest[k]);
        normal[k] = scale / total[k];
        if (is_certain) {
            at_peak[k] = normal[k] * others[k] - share[k] * rest[k];
            peak_e[k] = rest[k] < R(1.0) ? R(1.0) : R(2.0); /* no e is 2 */
        }
    }
    for (ptrdiff_t r = 0; r < rows; r++)
#pragma omp simd
        for (int k = 0; k < FL_FRAMES; k++) {
            real x = e[r * FL_FRAMES + k];
            real g = r_fma(-normal[k], posterior[r * FL_FRAMES + k], share[k] * x);
            if (is_certain) {
                const real certain = at_peak[k]; /* read in any case, as a select would become a branch */
                g = x == peak_e[k] ? certain : g;
            }
            posterior[r * FL_FRAMES + k] = g;
        }
}
FL_NOINLINE void grad_of_certain(real *posterior, const real *e, ptrdiff_t rows, const real *rest, real scale)
{
    grad_of_logits(posterior, e, rows, rest, scale, 1);
}
FL_NOINLINE void grad_of_uncertain(real *posterior, const real *e, ptrdiff_t rows, const real *rest, real scale)
{
    grad_of_logits(posterior, e, rows, rest, scale, 0);
}
FL_INLINE void block_grad_of_logits(real *posterior, const real *e, ptrdiff_t rows, const real *rest, real scale)
{
    xint certain = 0;
#pragma omp simd reduction(| : certain)
    for (int k = 0; k < FL_FRAMES; k++) certain |= rest[k] < R(1.0);
    if (certain) grad_of_certain(posterior, e, rows, rest, scale);
    else grad_of_uncertain(posterior, e, rows, rest, scale);
}

/* -scale * posterior */
FL_NOINLINE void block_grad_of_log_probs(real *posterior, ptrdiff_t rows, real scale)
{
    real total[FL_FRAMES], normal[FL_FRAMES];
    block_totals(posterior, NULL, rows, total, NULL, 0);
#pragma omp simd
    for (int k = 0; k < FL_FRAMES; k++) normal[k] = scale / total[k];
    for (ptrdiff_t r = 0; r < rows; r++)
#pragma omp simd
        for (int k = 0; k < FL_FRAMES; k++)
            posterior[r * FL_FRAMES + k] = R(0.0) - normal[k] * posterior[r * FL_FRAMES + k];
}

#endif
