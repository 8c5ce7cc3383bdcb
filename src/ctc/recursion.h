/* The recursions of ctc.pyx and viterbi.pyx over the states of a frame; those explain the names.
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

/* One number for each state of a frame. */
typedef struct {
    real *label, *blank;
} ctc_states;

/* A sequence as the recursions see it. */
typedef struct {
    ptrdiff_t frames, labels;        /* T and S */
    ptrdiff_t width;                 /* slots of a frame, with FL_SLOTS unreachable ones on either side */
    const xint *skip;                /* what the transition from label i - 1 to label i adds: 0 or X_NO_TRANSITION */
    const real *emission;            /* of the labels, `width` apart; from the first frame at hand on, as what follows */
    const xint *emission_exponent;
    const real *blank_emission;
    const xint *blank_exponent;
} ctc_lattice;

/* The emissions of one frame. */
typedef struct {
    const real *label;
    const xint *label_exponent;
    real blank;
    xint blank_exponent;
} ctc_emission;

/* Slots, whole FL_SLOTS. */
typedef struct {
    ptrdiff_t low, high;
} ctc_band;

FL_INLINE ptrdiff_t whole_slots(ptrdiff_t slots) { return (slots + FL_SLOTS - 1) & -(ptrdiff_t)FL_SLOTS; }

/* The slots that the start reaches by frame t and from which the end can be reached. */
FL_INLINE ctc_band band_at(ptrdiff_t frames, ptrdiff_t labels, ptrdiff_t t)
{
    const ptrdiff_t low = labels - frames + t, reached = t < labels ? t + 1 : labels + 1;
    ctc_band band = {low > 0 ? low & -(ptrdiff_t)FL_SLOTS : 0, whole_slots(reached)};
    return band;
}

/* A frame of states lies in 4 * width numbers; `states` is its slot 0. */
FL_INLINE ctc_frame frame_of(real *states, ptrdiff_t width)
{
    ctc_frame f = {states, states + width, (xint *)(states + 2 * width), (xint *)(states + 3 * width)};
    return f;
}

/* Probability 0 in these slots. */
FL_INLINE void frame_set_zero(const ctc_frame *f, ptrdiff_t start, ptrdiff_t stop)
{
    for (ptrdiff_t i = start; i < stop; i++) {
        f->label[i] = R(1.0);
        f->blank[i] = R(1.0);
        f->label_exponent[i] = X_ZERO;
        f->blank_exponent[i] = X_ZERO;
    }
}

/* ---- one frame; `has_exponents` is a constant of the call ----
 *
 * Exponents of unreachable states fall by up to a bias a frame. Where emissions have exponents these are held at X_ZERO;
 * otherwise that is left to the number of frames, which bits_for in losses.pxi bounds. */

FL_INLINE void forward_slots(const ctc_frame *old, const ctc_frame *new, const xint *skip_of, const ctc_emission *emitted,
                             ctc_band band, const int has_exponents)
{
    real_cp label = old->label, blank = old->blank, emission = emitted->label;
    xint_cp label_exponent = old->label_exponent, blank_exponent = old->blank_exponent;
    xint_cp emission_exponent = emitted->label_exponent, skip = skip_of;
    real_p new_label = new->label, new_blank = new->blank;
    xint_p new_label_exponent = new->label_exponent, new_blank_exponent = new->blank_exponent;
    const real blank_emission = emitted->blank;
    const xint blank_emission_exponent = emitted->blank_exponent;
    for (ptrdiff_t start = band.low; start < band.high; start += FL_SLOTS)
        _Pragma("omp simd") for (int j = 0; j < FL_SLOTS; j++) {
            const ptrdiff_t i = start + j;
            xint before = label_exponent[i - 1] + skip[i];
            xint floor = x_max(x_max(label_exponent[i], blank_exponent[i]), before) - FL_EXPONENT_BIAS;
            real total = label[i] * x_power_above(label_exponent[i], floor);
            total = r_fma(blank[i], x_power_above(blank_exponent[i], floor), total);
            total = r_fma(label[i - 1], x_power_above(before, floor), total) * emission[i];
            xint exponent = x_exponent_above(total, floor);
            new_label[i] = x_mantissa(total);
            new_label_exponent[i] = has_exponents ? x_max(exponent + emission_exponent[i], X_ZERO) : exponent;
            xint blank_floor = x_max(blank_exponent[i], label_exponent[i - 1]) - FL_EXPONENT_BIAS;
            real total_blank = blank[i] * x_power_above(blank_exponent[i], blank_floor);
            total_blank = r_fma(label[i - 1], x_power_above(label_exponent[i - 1], blank_floor), total_blank);
            total_blank *= blank_emission;
            exponent = x_exponent_above(total_blank, blank_floor);
            new_blank[i] = x_mantissa(total_blank);
            new_blank_exponent[i] = has_exponents ? x_max(exponent + blank_emission_exponent, X_ZERO) : exponent;
        }
}

/* Also alpha times beta over 2^total_exponent, that of all paths together: the posteriors; and the sum of those of the
 * blanks, in FL_SLOTS parts. */
FL_INLINE void backward_slots(const ctc_frame *old, const ctc_frame *new, const ctc_frame *alpha, const xint *skip_of,
                              const ctc_emission *emitted, ctc_band band, xint total_exponent,
                              const ctc_states *posterior, real *blank_sum, const int has_exponents)
{
    real_cp label = old->label, blank = old->blank, emission = emitted->label;
    real_cp alpha_label = alpha->label, alpha_blank = alpha->blank;
    xint_cp label_exponent = old->label_exponent, blank_exponent = old->blank_exponent;
    xint_cp alpha_label_exponent = alpha->label_exponent, alpha_blank_exponent = alpha->blank_exponent;
    xint_cp emission_exponent = emitted->label_exponent, skip = skip_of;
    real_p new_label = new->label, new_blank = new->blank;
    xint_p new_label_exponent = new->label_exponent, new_blank_exponent = new->blank_exponent;
    real_p label_posterior = posterior->label, blank_posterior = posterior->blank;
    const real blank_emission = emitted->blank;
    const xint blank_emission_exponent = emitted->blank_exponent;
    const xint scale = total_exponent - 2 * FL_EXPONENT_BIAS; /* floors are short of one bias, x_power_above of one */
    real sum[FL_SLOTS];
    for (int j = 0; j < FL_SLOTS; j++) sum[j] = 0;
    for (ptrdiff_t start = band.low; start < band.high; start += FL_SLOTS)
        _Pragma("omp simd") for (int j = 0; j < FL_SLOTS; j++) {
            const ptrdiff_t i = start + j;
            xint after = label_exponent[i + 1] + skip[i + 1];
            xint floor = x_max(x_max(label_exponent[i], blank_exponent[i + 1]), after) - FL_EXPONENT_BIAS;
            real beta = label[i] * x_power_above(label_exponent[i], floor);
            beta = r_fma(blank[i + 1], x_power_above(blank_exponent[i + 1], floor), beta);
            beta = r_fma(label[i + 1], x_power_above(after, floor), beta);
            label_posterior[i] = alpha_label[i] * beta * x_power_above(alpha_label_exponent[i] + floor, scale);
            real gamma = beta * emission[i];
            xint exponent = x_exponent_above(gamma, floor);
            new_label[i] = x_mantissa(gamma);
            new_label_exponent[i] = has_exponents ? x_max(exponent + emission_exponent[i], X_ZERO) : exponent;
            xint blank_floor = x_max(blank_exponent[i], label_exponent[i]) - FL_EXPONENT_BIAS;
            real beta_blank = blank[i] * x_power_above(blank_exponent[i], blank_floor);
            beta_blank = r_fma(label[i], x_power_above(label_exponent[i], blank_floor), beta_blank);
            real p = alpha_blank[i] * beta_blank * x_power_above(alpha_blank_exponent[i] + blank_floor, scale);
            blank_posterior[i] = p;
            sum[j] += p;
            real gamma_blank = beta_blank * blank_emission;
            exponent = x_exponent_above(gamma_blank, blank_floor);
            new_blank[i] = x_mantissa(gamma_blank);
            new_blank_exponent[i] = has_exponents ? x_max(exponent + blank_emission_exponent, X_ZERO) : exponent;
        }
    for (int j = 0; j < FL_SLOTS; j++) blank_sum[j] = sum[j];
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

/* ---- frames, one after the other ---- */

FL_INLINE ctc_emission emission_at(const ctc_lattice *g, ptrdiff_t row)
{
    ctc_emission emitted = {g->emission + row * g->width, g->emission_exponent + row * g->width,
                            g->blank_emission[row], g->blank_exponent[row]};
    return emitted;
}

/* The slots of a band, from those of the frame before; the lattice has the frame's emissions in a row of that number. */
FL_INLINE void forward_band(const ctc_lattice *g, ptrdiff_t row, const ctc_frame *old, const ctc_frame *new,
                            ctc_band band, const int has_exponents)
{
    const ctc_emission emitted = emission_at(g, row);
    forward_slots(old, new, g->skip, &emitted, band, has_exponents);
}

/* The alphas of `count` frames from t on, whose emissions the lattice has from `row` on. `states` is the frame before. */
FL_INLINE void forward_frames(const ctc_lattice *lattice, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count, real *states,
                              const int has_exponents)
{
    const ctc_lattice g = *lattice; /* a copy, which no store can change */
    for (const ptrdiff_t stop = t + count; t < stop; t++, row++, states += 4 * g.width) {
        const ctc_band band = band_at(g.frames, g.labels, t);
        const ctc_frame old = frame_of(states, g.width), new = frame_of(states + 4 * g.width, g.width);
        forward_band(&g, row, &old, &new, band, has_exponents);
        if (band.high > g.labels) new.label_exponent[g.labels] = X_ZERO; /* there is no label after the last blank */
        else frame_set_zero(&new, band.high, band.high + FL_SLOTS);      /* the next frame reads these, */
        new.label_exponent[band.low - 1] = X_ZERO;                       /* and one label below the band */
        new.label[band.low - 1] = R(1.0);
    }
}
FL_NOINLINE void forward_frames_plain(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count, real *states)
{
    forward_frames(g, t, row, count, states, 0);
}
FL_NOINLINE void forward_frames_scaled(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count, real *states)
{
    forward_frames(g, t, row, count, states, 1);
}

/* What the way back through a block needs and gives. */
typedef struct {
    real *gamma[2];      /* of the frame after the block, then of its first; and one to work with */
    real *alpha;         /* of the frame before the block, and then of its frames */
    xint total_exponent; /* of all paths together */
    real *label, *blank; /* posteriors times 2^-total_exponent, frames lying `width` apart */
    real *blank_sum;     /* of these, in FL_SLOTS parts, frame by frame */
} ctc_way_back;

/* Where the bands of a block's frames differ: its labels that a frame does not reach have a posterior of 0. */
FL_NOINLINE void clear_unreached(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *label)
{
    const ptrdiff_t low = band_at(g->frames, g->labels, t).low;
    const ptrdiff_t high = band_at(g->frames, g->labels, t + count - 1).high;
    for (ptrdiff_t k = 0; k < count; k++) {
        const ctc_band band = band_at(g->frames, g->labels, t + k);
        for (ptrdiff_t i = low; i < band.low; i++) label[k * g->width + i] = 0;
        for (ptrdiff_t i = band.high; i < high; i++) label[k * g->width + i] = 0;
    }
}

/* The gammas and posteriors of `count` frames from t on, the last one first. */
FL_INLINE void backward_frames(const ctc_lattice *lattice, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count,
                               ctc_way_back *back, const int has_exponents)
{
    const ctc_lattice g = *lattice; /* copies, which no store can change */
    const ctc_way_back way = *back;
    const ptrdiff_t width = g.width;
    real *after = way.gamma[0], *at = way.gamma[1];
    clear_unreached(lattice, t, count, way.label);
    for (ptrdiff_t k = count - 1; k >= 0; k--) {
        const ctc_band band = band_at(g.frames, g.labels, t + k);
        const ctc_frame alpha = frame_of(way.alpha + (k + 1) * 4 * width, width);
        const ctc_frame old = frame_of(after, width), new = frame_of(at, width);
        const ctc_emission emitted = emission_at(&g, row + k);
        const ctc_states posterior = {way.label + k * width, way.blank + k * width};
        backward_slots(&old, &new, &alpha, g.skip, &emitted, band, way.total_exponent, &posterior,
                       way.blank_sum + k * FL_SLOTS, has_exponents);
        if (band.high > g.labels) new.label_exponent[g.labels] = X_ZERO;
        at = after;
        after = new.label;
    }
    back->gamma[0] = after;
    back->gamma[1] = at;
}
FL_NOINLINE void backward_frames_plain(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count,
                                       ctc_way_back *back)
{
    backward_frames(g, t, row, count, back, 0);
}
FL_NOINLINE void backward_frames_scaled(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t row, ptrdiff_t count,
                                        ctc_way_back *back)
{
    backward_frames(g, t, row, count, back, 1);
}

#endif
