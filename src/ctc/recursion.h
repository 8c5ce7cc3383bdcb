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

/* A block of frames of a sequence, as the recursions see it. */
typedef struct {
    ptrdiff_t frames, labels;        /* T and S of the sequence */
    ptrdiff_t width;                 /* slots of a frame, with FL_SLOTS unreachable ones on either side */
    const xint *skip;                /* what the transition from label i - 1 to label i adds: 0 or X_NO_TRANSITION */
    const real *emission;            /* of the labels, `width` apart, from the first frame on; so is what follows */
    const xint *emission_exponent;
    const real *blank_emission;
    const xint *blank_exponent;
    int has_exponents;               /* otherwise exponents are not set, and 0 */
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

/* The same of one slot in each of `count` frames, the first of which begins at `states`. */
FL_NOINLINE void frames_set_slot_zero(real *states, ptrdiff_t width, ptrdiff_t count, ptrdiff_t slot)
{
    for (real *state = states + slot, *end = state + 4 * width * count; state < end; state += 4 * width) {
        const ctc_frame f = frame_of(state, width);
        *f.label = *f.blank = R(1.0);
        *f.label_exponent = *f.blank_exponent = X_ZERO;
    }
}

/* ---- one frame; `has_exponents` is a constant of the call ----
 *
 * Exponents of unreachable states fall by up to a bias a frame. Where emissions have exponents these are held at
 * X_ZERO; otherwise that is left to the number of frames, which bits_for in losses.pxi bounds. */

FL_INLINE void forward_slots(const ctc_frame *old, const ctc_frame *new, const xint *skip_of,
                             const ctc_emission *emitted, ctc_band band, const int has_exponents)
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

/* From alphas to gammas, in their place. Also alpha times beta over 2^total_exponent, that of all paths together: the
 * posteriors; and the sum of those of the blanks, in FL_SLOTS parts. */
FL_INLINE void backward_slots(const ctc_frame *old, const ctc_frame *new, const xint *skip_of,
                              const ctc_emission *emitted, ctc_band band, xint total_exponent,
                              const ctc_states *posterior, real *blank_sum, const int has_exponents)
{
    real_cp label = old->label, blank = old->blank, emission = emitted->label;
    xint_cp label_exponent = old->label_exponent, blank_exponent = old->blank_exponent;
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
            label_posterior[i] = new_label[i] * beta * x_power_above(new_label_exponent[i] + floor, scale);
            real gamma = beta * emission[i];
            xint exponent = x_exponent_above(gamma, floor);
            new_label[i] = x_mantissa(gamma);
            new_label_exponent[i] = has_exponents ? x_max(exponent + emission_exponent[i], X_ZERO) : exponent;
            xint blank_floor = x_max(blank_exponent[i], label_exponent[i]) - FL_EXPONENT_BIAS;
            real beta_blank = blank[i] * x_power_above(blank_exponent[i], blank_floor);
            beta_blank = r_fma(label[i], x_power_above(label_exponent[i], blank_floor), beta_blank);
            real p = new_blank[i] * beta_blank * x_power_above(new_blank_exponent[i] + blank_floor, scale);
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

/* Whether there is a NaN or +inf, with which no path is the best. */
FL_NOINLINE int floats_are_wrong(const float *x, ptrdiff_t n)
{
    int32_t wrong = 0;
#pragma omp simd reduction(| : wrong)
    for (ptrdiff_t i = 0; i < n; i++) wrong |= !(x[i] <= FLT_MAX);
    return wrong != 0;
}
FL_NOINLINE int reals_are_wrong(const real *x, ptrdiff_t n)
{
    xint wrong = 0;
#pragma omp simd reduction(| : wrong)
    for (ptrdiff_t i = 0; i < n; i++) wrong |= !(x[i] <= R(FL_LARGEST));
    return wrong != 0;
}

/* ---- frames, one after the other ----
 *
 * `tile` are the slots to compute: all, or some where `in_tiles`, a constant of the call. Frames lie 4 * width numbers
 * apart, from `states` on. */

FL_INLINE ctc_band band_within(ctc_band band, ctc_band tile)
{
    ctc_band both = {band.low > tile.low ? band.low : tile.low, band.high < tile.high ? band.high : tile.high};
    return both;
}
FL_INLINE int band_has(ctc_band band, ptrdiff_t slot) { return band.low <= slot && slot < band.high; }

FL_INLINE ctc_emission emission_at(const ctc_lattice *g, ptrdiff_t k)
{
    ctc_emission emitted = {g->emission + k * g->width, g->emission_exponent + k * g->width, g->blank_emission[k],
                            g->blank_exponent[k]};
    return emitted;
}

/* Frames of a block until the band changes, or to its end. */
FL_INLINE ptrdiff_t frames_of_band(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t stop)
{
    const ptrdiff_t grows = t < g->labels ? whole_slots(t + 1) - t : stop - t;
    const ptrdiff_t gone = g->labels - g->frames + t; /* slots, rounded down, from which the end is out of reach */
    const ptrdiff_t falls = gone >= 0 ? FL_SLOTS - gone % FL_SLOTS : FL_SLOTS - gone;
    const ptrdiff_t count = grows < falls ? grows : falls;
    return count < stop - t ? count : stop - t;
}

/* The alphas of `count` frames from t on, a block; `before` are those of the frame before. */
FL_INLINE void forward_frames(const ctc_lattice *lattice, ptrdiff_t t, ptrdiff_t count, real *before, real *states,
                              ctc_band tile, const int in_tiles, const int has_exponents)
{
    const ctc_lattice g = *lattice; /* a copy, which no store can change */
    const ptrdiff_t stop = t + count;
    for (ptrdiff_t k = 0, left; t < stop; t += left) {
        const ctc_band band = band_at(g.frames, g.labels, t), some = in_tiles ? band_within(band, tile) : band;
        left = frames_of_band(&g, t, stop);
        for (ptrdiff_t i = 0; i < left; i++, k++, before = states, states += 4 * g.width) {
            const ctc_frame old = frame_of(before, g.width), new = frame_of(states, g.width);
            const ctc_emission emitted = emission_at(&g, k);
            forward_slots(&old, &new, g.skip, &emitted, some, has_exponents);
            if (band.high <= g.labels) { /* the next frame reads these */
                if (!in_tiles || band_has(tile, band.high)) frame_set_zero(&new, band.high, band.high + FL_SLOTS);
            } else if (!in_tiles || band_has(tile, g.labels))
                new.label_exponent[g.labels] = X_ZERO; /* there is no label after the last blank */
            if (!in_tiles || band_has(tile, band.low)) { /* and one label below the band */
                new.label_exponent[band.low - 1] = X_ZERO;
                new.label[band.low - 1] = R(1.0);
            }
        }
    }
}
#define FL_FORWARD(name, in_tiles, has_exponents)                                                                   \
    FL_NOINLINE void name(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *before, real *states,           \
                          ctc_band tile)                                                                            \
    {                                                                                                               \
        forward_frames(g, t, count, before, states, tile, in_tiles, has_exponents);                                 \
    }
FL_FORWARD(forward_whole, 0, 0)
FL_FORWARD(forward_whole_scaled, 0, 1)
FL_FORWARD(forward_some, 1, 0)
FL_FORWARD(forward_some_scaled, 1, 1)

FL_INLINE void forward_block(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *before, real *states,
                             ctc_band tile, int in_tiles)
{
    if (in_tiles) (g->has_exponents ? forward_some_scaled : forward_some)(g, t, count, before, states, tile);
    else (g->has_exponents ? forward_whole_scaled : forward_whole)(g, t, count, before, states, tile);
}

/* The slots of one frame. */
FL_INLINE void forward_band(const ctc_lattice *g, ptrdiff_t k, const ctc_frame *old, const ctc_frame *new,
                            ctc_band band)
{
    const ctc_emission emitted = emission_at(g, k);
    if (g->has_exponents) forward_slots(old, new, g->skip, &emitted, band, 1);
    else forward_slots(old, new, g->skip, &emitted, band, 0);
}

/* Where the way back through a block writes to. */
typedef struct {
    xint total_exponent; /* of all paths together */
    real *label, *blank; /* posteriors times 2^-total_exponent, frames lying `width` apart */
    real *blank_sum;     /* of these, in FL_SLOTS parts, frame by frame */
} ctc_way_back;

/* The slots that the bands of a block's frames cover together. */
FL_INLINE ctc_band band_of_block(ptrdiff_t frames, ptrdiff_t labels, ptrdiff_t t, ptrdiff_t count)
{
    ctc_band band = {band_at(frames, labels, t).low, band_at(frames, labels, t + count - 1).high};
    return band;
}

/* Where the bands of a block's frames differ: labels that a frame does not reach have a posterior of 0. FL_SLOTS slots
 * from `start` on are in the band from frame `start` on, for FL_SLOTS + T - S frames. */
FL_NOINLINE void clear_unreached(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *label, ctc_band tile)
{
    const ctc_band block = band_within(band_of_block(g->frames, g->labels, t, count), tile);
    for (ptrdiff_t start = block.low; start < block.high; start += FL_SLOTS) {
        const ptrdiff_t from = start - t, to = from + FL_SLOTS + g->frames - g->labels;
        for (ptrdiff_t k = 0; k < from; k++)
            for (int j = 0; j < FL_SLOTS; j++) label[k * g->width + start + j] = 0;
        for (ptrdiff_t k = to; k < count; k++)
            for (int j = 0; j < FL_SLOTS; j++) label[k * g->width + start + j] = 0;
    }
}

/* The gammas of a block, in the place of its alphas, and its posteriors; the last frame first. `after` are the gammas
 * of the frame after the block. */
FL_INLINE void backward_frames(const ctc_lattice *lattice, ptrdiff_t t, ptrdiff_t count, real *after, real *states,
                               ctc_band tile, const ctc_way_back *back, const int in_tiles, const int has_exponents)
{
    const ctc_lattice g = *lattice; /* copies, which no store can change */
    const ctc_way_back way = *back;
    const int same_band = frames_of_band(&g, t, t + count) == count; /* as that of most blocks is, once it is full */
    const ctc_band first = band_at(g.frames, g.labels, t);
    ptrdiff_t low_after = band_at(g.frames, g.labels, t + count).low;
    if (!same_band) clear_unreached(lattice, t, count, way.label, tile);
    for (ptrdiff_t k = count - 1; k >= 0; k--) {
        const ctc_band whole = same_band ? first : band_at(g.frames, g.labels, t + k);
        const ctc_band band = in_tiles ? band_within(whole, tile) : whole;
        const ctc_frame old = frame_of(after, g.width), new = frame_of(states + k * 4 * g.width, g.width);
        const ctc_emission emitted = emission_at(&g, k);
        const ctc_states posterior = {way.label + k * g.width, way.blank + k * g.width};
        if (whole.low < low_after && (!in_tiles || band_has(tile, whole.low))) /* slots below the band after */
            frame_set_zero(&old, whole.low, whole.low + FL_SLOTS);
        backward_slots(&old, &new, g.skip, &emitted, band, way.total_exponent, &posterior, way.blank_sum + k * FL_SLOTS,
                       has_exponents);
        if (band_has(band, g.labels)) new.label_exponent[g.labels] = X_ZERO;
        after = new.label;
        low_after = whole.low;
    }
}
#define FL_BACKWARD(name, in_tiles, has_exponents)                                                                  \
    FL_NOINLINE void name(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *after, real *states,            \
                          ctc_band tile, const ctc_way_back *back)                                                  \
    {                                                                                                               \
        backward_frames(g, t, count, after, states, tile, back, in_tiles, has_exponents);                           \
    }
FL_BACKWARD(backward_whole, 0, 0)
FL_BACKWARD(backward_whole_scaled, 0, 1)
FL_BACKWARD(backward_some, 1, 0)
FL_BACKWARD(backward_some_scaled, 1, 1)

FL_INLINE void backward_block(const ctc_lattice *g, ptrdiff_t t, ptrdiff_t count, real *after, real *states,
                              ctc_band tile, const ctc_way_back *back, int in_tiles)
{
    if (in_tiles) (g->has_exponents ? backward_some_scaled : backward_some)(g, t, count, after, states, tile, back);
    else (g->has_exponents ? backward_whole_scaled : backward_whole)(g, t, count, after, states, tile, back);
}

#endif
