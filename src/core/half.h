/* Half-precision numbers, FL_LANES at once, from and to float32: an instruction or two where the processor has one for
 * it, and otherwise integer arithmetic that vectorises everywhere. */
#ifndef FASTLOSS_HALF_H
#define FASTLOSS_HALF_H

#include "core/array.h"
#include "core/lanes.h"

/* ---- FL_LANES numbers; `dtype` is a constant of the call ---- */

FL_INLINE void widen_lanes(const uint16_t *FL_RESTRICT h, real_p x, const int dtype)
{
#if FL_F16C && !defined(FL_REAL64)
    if (dtype == FL_FLOAT16) {
#ifdef __AVX512F__
        _mm512_storeu_ps(x, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)h)));
#else
        _mm256_storeu_ps(x, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)h)));
        _mm256_storeu_ps(x + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(h + 8))));
#endif
        return;
    }
#endif
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++)
        x[i] = (real)(dtype == FL_FLOAT16 ? half_to_float(h[i]) : bfloat_to_float(h[i]));
}

FL_INLINE real widened(uint16_t h, const int dtype)
{
    return (real)(dtype == FL_FLOAT16 ? single_half(h) : bfloat_to_float(h));
}

FL_INLINE uint16_t narrow(real x, const int dtype)
{
    return dtype == FL_FLOAT16 ? float_to_half((float)x) : float_to_bfloat((float)x);
}

FL_INLINE void narrow_lanes(real_cp x, uint16_t *FL_RESTRICT h, real factor, const int dtype)
{
#if FL_F16C && !defined(FL_REAL64)
    if (dtype == FL_FLOAT16) {
#ifdef __AVX512F__
        __m512 all = _mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(factor));
        _mm256_storeu_si256((__m256i *)h, _mm512_cvtps_ph(all, _MM_FROUND_TO_NEAREST_INT));
#else
        for (int i = 0; i < FL_LANES; i += 8) {
            __m256 some = _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(factor));
            _mm_storeu_si128((__m128i *)(h + i), _mm256_cvtps_ph(some, _MM_FROUND_TO_NEAREST_INT));
        }
#endif
        return;
    }
#endif
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) h[i] = narrow(factor * x[i], dtype);
}

/* ---- n numbers that lie one after the other; `dtype` is a constant of the call ---- */

/* Returns the largest, NaN passed over; -inf where there is none. No number is written where another one is read soon:
 * the last, ragged group is converted together with some of the one before. */
FL_INLINE real widen_run(const uint16_t *FL_RESTRICT h, real_p x, ptrdiff_t n, const int dtype)
{
    real lane[FL_LANES];
    const ptrdiff_t whole = n - n % FL_LANES;
    for (int i = 0; i < FL_LANES; i++) lane[i] = -R(INFINITY);
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) {
        widen_lanes(h + j, x + j, dtype);
        lanes_max(x + j, lane);
    }
    if (n < FL_LANES) {
        for (ptrdiff_t i = 0; i < n; i++) {
            x[i] = widened(h[i], dtype);
            lane[i] = x[i] > lane[i] ? x[i] : lane[i];
        }
    } else if (whole < n) {
        widen_lanes(h + n - FL_LANES, x + n - FL_LANES, dtype);
        lanes_max(x + n - FL_LANES, lane);
    }
    return lanes_top(lane);
}

FL_INLINE void narrow_run(real_cp x, uint16_t *FL_RESTRICT h, ptrdiff_t n, real factor, const int dtype)
{
    ptrdiff_t whole = 0;
#if FL_F16C && !defined(FL_REAL64)
    whole = n - n % FL_LANES;
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) narrow_lanes(x + j, h + j, factor, dtype);
    if (whole && whole < n) {
        narrow_lanes(x + n - FL_LANES, h + n - FL_LANES, factor, dtype);
        return;
    }
#endif
#pragma omp simd
    for (ptrdiff_t i = whole; i < n; i++) h[i] = narrow(factor * x[i], dtype);
}

/* The same to places `step` bytes apart. */
FL_INLINE void narrow_strided(real_cp x, char *target, ptrdiff_t n, ptrdiff_t step, const int dtype)
{
    ptrdiff_t whole = 0;
#if FL_F16C && !defined(FL_REAL64)
    uint16_t h[FL_LANES];
    whole = n - n % FL_LANES;
    for (ptrdiff_t j = 0; j < whole; j += FL_LANES) {
        narrow_lanes(x + j, h, R(1.0), dtype);
        for (int i = 0; i < FL_LANES; i++) *(uint16_t *)(target + (j + i) * step) = h[i];
    }
#endif
    for (ptrdiff_t i = whole; i < n; i++) *(uint16_t *)(target + i * step) = narrow(x[i], dtype);
}

#endif
