/* One frame of the recursions of ctc.pyx and viterbi.pyx, which explain the names.
 *
 * These loops are C because they need what Cython can't say: the pragma tells the compiler that the arrays do not
 * overlap, of which there are more than a check at run time would cover. */
#ifndef FASTLOSS_RECURSION_H
#define FASTLOSS_RECURSION_H

#include "core/scaled.h"

/* The states of a frame: slot i has label i and the blank before it. */
typedef struct {
    real *label, *blank;
    xint *label_exponent, *blank_exponent;
} ctc_frame;

/* A step from one frame to the next one, in either direction. */
typedef struct {
    ctc_frame old, new;
    const xint *skip;              /* what the transition from label i - 1 to label i adds: 0 or X_NO_TRANSITION */
    const real *emission;          /* of the labels */
    const xint *emission_exponent; /* not read unless has_exponents */
    real blank_emission;
    xint blank_emission_exponent;
    int has_exponents;
    ptrdiff_t low, high; /* the slots: a whole number of FL_SLOTS */
} ctc_step;

/* One number for each state of a frame. */
typedef struct {
    real *label, *blank;
} ctc_states;

/* ---- `has_exponents` is a constant of the call ---- */

FL_INLINE void forward_slots(const ctc_step *step, const int has_exponents)
{
    real_cp label = step->old.label, blank = step->old.blank, emission = step->emission;
    xint_cp label_exponent = step->old.label_exponent, blank_exponent = step->old.blank_exponent;
    xint_cp emission_exponent = step->emission_exponent, skip = step->skip;
    real_p new_label = step->new.label, new_blank = step->new.blank;
    xint_p new_label_exponent = step->new.label_exponent, new_blank_exponent = step->new.blank_exponent;
    const real blank_emission = step->blank_emission;
    const xint blank_emission_exponent = step->blank_emission_exponent;
    const ptrdiff_t high = step->high;
    for (ptrdiff_t start = step->low; start < high; start += FL_SLOTS)
        _Pragma("omp simd") for (ptrdiff_t i = start; i < start + FL_SLOTS; i++) {
            xint before = label_exponent[i - 1] + skip[i];
            xint top = x_max(x_max(label_exponent[i], blank_exponent[i]), before);
            real total = (label[i] * x_power(label_exponent[i] - top) + blank[i] * x_power(blank_exponent[i] - top)
                          + label[i - 1] * x_power(before - top)) * emission[i];
            xint exponent = top + x_exponent(total) + (has_exponents ? emission_exponent[i] : 0);
            new_label[i] = x_mantissa(total);
            new_label_exponent[i] = x_max(exponent, X_ZERO);
            xint top_blank = x_max(blank_exponent[i], label_exponent[i - 1]);
            real total_blank = (blank[i] * x_power(blank_exponent[i] - top_blank)
                                + label[i - 1] * x_power(label_exponent[i - 1] - top_blank)) * blank_emission;
            xint exponent_blank = top_blank + x_exponent(total_blank) + (has_exponents ? blank_emission_exponent : 0);
            new_blank[i] = x_mantissa(total_blank);
            new_blank_exponent[i] = x_max(exponent_blank, X_ZERO);
        }
}

FL_INLINE void backward_slots(const ctc_step *step, const ctc_frame *alpha, const ctc_states *posterior,
                              xint total_exponent, const int has_exponents)
{
    real_cp label = step->old.label, blank = step->old.blank, emission = step->emission;
    real_cp alpha_label = alpha->label, alpha_blank = alpha->blank;
    xint_cp label_exponent = step->old.label_exponent, blank_exponent = step->old.blank_exponent;
    xint_cp alpha_label_exponent = alpha->label_exponent, alpha_blank_exponent = alpha->blank_exponent;
    xint_cp emission_exponent = step->emission_exponent, skip = step->skip;
    real_p new_label = step->new.label, new_blank = step->new.blank;
    xint_p new_label_exponent = step->new.label_exponent, new_blank_exponent = step->new.blank_exponent;
    real_p label_posterior = posterior->label, blank_posterior = posterior->blank;
    const real blank_emission = step->blank_emission;
    const xint blank_emission_exponent = step->blank_emission_exponent;
    const ptrdiff_t high = step->high;
    for (ptrdiff_t start = step->low; start < high; start += FL_SLOTS)
        _Pragma("omp simd") for (ptrdiff_t i = start; i < start + FL_SLOTS; i++) {
            xint after = label_exponent[i + 1] + skip[i + 1];
            xint top = x_max(x_max(label_exponent[i], blank_exponent[i + 1]), after);
            real beta = label[i] * x_power(label_exponent[i] - top)
                        + blank[i + 1] * x_power(blank_exponent[i + 1] - top) + label[i + 1] * x_power(after - top);
            label_posterior[i] = alpha_label[i] * beta * x_power(alpha_label_exponent[i] + top - total_exponent);
            real gamma = beta * emission[i];
            xint exponent = top + x_exponent(gamma) + (has_exponents ? emission_exponent[i] : 0);
            new_label[i] = x_mantissa(gamma);
            new_label_exponent[i] = x_max(exponent, X_ZERO);
            xint top_blank = x_max(blank_exponent[i], label_exponent[i]);
            real beta_blank = blank[i] * x_power(blank_exponent[i] - top_blank)
                              + label[i] * x_power(label_exponent[i] - top_blank);
            blank_posterior[i] = alpha_blank[i] * beta_blank
                                 * x_power(alpha_blank_exponent[i] + top_blank - total_exponent);
            real gamma_blank = beta_blank * blank_emission;
            xint exponent_blank = top_blank + x_exponent(gamma_blank) + (has_exponents ? blank_emission_exponent : 0);
            new_blank[i] = x_mantissa(gamma_blank);
            new_blank_exponent[i] = x_max(exponent_blank, X_ZERO);
        }
}

/* ---- what Cython calls ---- */

/* From the alphas of the frame before to those of this one. */
FL_INLINE void forward_step(const ctc_step *step)
{
    if (step->has_exponents) forward_slots(step, 1);
    else forward_slots(step, 0);
}

/* From the gammas of the frame after to those of this one, and to its posteriors: alpha times beta, over two to the
 * power of the exponent that all paths together have. */
FL_INLINE void backward_step(const ctc_step *step, const ctc_frame *alpha, const ctc_states *posterior,
                             xint total_exponent)
{
    if (step->has_exponents) backward_slots(step, alpha, posterior, total_exponent, 1);
    else backward_slots(step, alpha, posterior, total_exponent, 0);
}

/* The best path's score to each state, from those of the frame before. */
FL_INLINE void viterbi_slots(const ctc_states *old, const ctc_states *new, const real *skip, const real *emission,
                             real blank_emission, ptrdiff_t low, ptrdiff_t high)
{
    const real *label = old->label, *blank = old->blank;
    real *new_label = new->label, *new_blank = new->blank;
#pragma omp simd
    for (ptrdiff_t i = low; i < high; i++) {
        real before = label[i - 1] + skip[i];
        real best = blank[i] > label[i] ? blank[i] : label[i];
        new_label[i] = (before > best ? before : best) + emission[i];
        real best_blank = label[i - 1] > blank[i] ? label[i - 1] : blank[i];
        new_blank[i] = best_blank + blank_emission;
    }
}

#endif
