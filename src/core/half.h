/* Half-precision numbers, FL_LANES at once, from and to float32: an instruction or two where the processor has one for
 * it, and otherwise integer arithmetic that vectorises everywhere. */
#ifndef FASTLOSS_HALF_H
#define FASTLOSS_HALF_H

#include "core/array.h"
#include "core/lanes.h"

/* ---- FL_WIDE and FL_LANES numbers; `dtype` is a constant of the call ---- */

#if FL_HAS_WIDE
#ifdef __AVX512F__
/* Of 32 halves: where those come from that are each to be the high one of 32 bits, and where the high ones are. */
static const uint16_t halves_apart[32] = {0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7,
                                          0, 8, 0, 9, 0, 10, 0, 11, 0, 12, 0, 13, 0, 14, 0, 15};
static const uint16_t high_halves[32] = {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31};
#endif

/* FL_WIDE halves, widened. */
FL_INLINE wide wide_of_halves(const uint16_t *h, const int dtype)
{
#ifdef __AVX512F__
    const __m256i bits = _mm256_loadu_si256((const __m256i *)h);
    if (dtype == FL_FLOAT16) return _mm512_cvtph_ps(bits);
    const __m512i places = _mm512_loadu_si512(halves_apart); /* in one operation: the others are masked, and 0 */
    return _mm512_castsi512_ps(_mm512_maskz_permutexvar_epi16(0xaaaaaaaau, places, _mm512_castsi256_si512(bits)));
#else
    const __m128i bits = _mm_loadu_si128((const __m128i *)h);
    if (dtype == FL_FLOAT16) return _mm256_cvtph_ps(bits);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
#endif
}
#endif

FL_INLINE void widen_lanes(const uint16_t *FL_RESTRICT h, real_p x, const int dtype)
{
#if FL_HAS_WIDE
    for (int i = 0; i < FL_LANES; i += FL_WIDE) W_(storeu_ps)(x + i, wide_of_halves(h + i, dtype));
#else
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++)
        x[i] = (real)(dtype == FL_FLOAT16 ? half_to_float(h[i]) : bfloat_to_float(h[i]));
#endif
}

FL_INLINE real widened(uint16_t h, const int dtype)
{
    return (real)(dtype == FL_FLOAT16 ? single_half(h) : bfloat_to_float(h));
}

FL_INLINE uint16_t narrow(real x, const int dtype)
{
    return dtype == FL_FLOAT16 ? float_to_half((float)x) : float_to_bfloat((float)x);
}

#if FL_HAS_WIDE && defined(__AVX512F__)
/* float_to_bfloat() of 16 products: their NaN is quiet already, and stays one without rounding. */
FL_INLINE __m256i bfloats_of(__m512 x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i is_odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i bias = _mm512_add_epi32(is_odd, _mm512_set1_epi32(0x7fff));
    const __m512i rounded = _mm512_mask_add_epi32(bits, _mm512_cmp_ps_mask(x, x, _CMP_ORD_Q), bits, bias);
    const __m512i places = _mm512_loadu_si512(high_halves);
    return _mm512_castsi512_si256(_mm512_permutexvar_epi16(places, rounded));
}
#endif

FL_INLINE void narrow_lanes(real_cp x, uint16_t *FL_RESTRICT h, real factor, const int dtype)
{
#if FL_HAS_WIDE && defined(__AVX512F__)
    const __m512 all = _mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(factor));
    _mm256_storeu_si256((__m256i *)h, dtype == FL_FLOAT16 ? _mm512_cvtps_ph(all, _MM_FROUND_TO_NEAREST_INT)
                                                          : bfloats_of(all));
#else
#if FL_HAS_WIDE
    if (dtype == FL_FLOAT16) {
        for (int i = 0; i < FL_LANES; i += 8) {
            __m256 some = _mm256_mul_ps(_mm256_loadu_ps(x + i), _mm256_set1_ps(factor));
            _mm_storeu_si128((__m128i *)(h + i), _mm256_cvtps_ph(some, _MM_FROUND_TO_NEAREST_INT));
        }
        return;
    }
#endif
#pragma omp simd
    for (int i = 0; i < FL_LANES; i++) h[i] = narrow(factor * x[i], dtype);
#endif
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
