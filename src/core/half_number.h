/* One number of a half type, from and to float32. */
#ifndef FASTLOSS_HALF_NUMBER_H
#define FASTLOSS_HALF_NUMBER_H

#include "core/real.h"

#if defined(__F16C__) || (defined(_MSC_VER) && defined(__AVX2__))
#include <immintrin.h>
#define FL_F16C 1
#else
#define FL_F16C 0
#endif

FL_INLINE float float_of_bits(uint32_t i) { float x; memcpy(&x, &i, 4); return x; }
FL_INLINE uint32_t bits_of_float(float x) { uint32_t i; memcpy(&i, &x, 4); return i; }

FL_INLINE float half_to_float(uint16_t h)
{
    /* The sign stays, exponent and mantissa are shifted into place; then a product with 2^112 moves the exponent's bias
     * and makes subnormal halves come out normal. Infinity and NaN become 65536 and above: they get their exponent. */
    int32_t shifted = ((int32_t)((uint32_t)h << 16) >> 3) & (int32_t)0x8fffe000u;
    float scaled = float_of_bits((uint32_t)shifted) * 0x1p112f;
    uint32_t bits = bits_of_float(scaled), special = bits | 0x7f800000u;
    return float_of_bits(float_of_bits(bits & 0x7fffffffu) >= 65536.0f ? special : bits);
}

FL_INLINE uint16_t float_to_half(float x)
{
    uint32_t bits = bits_of_float(x), magnitude = bits & 0x7fffffffu;
    /* Normal: rebias and round to even on the 13 bits that are dropped. Subnormal: a float addition rounds. */
    uint32_t normal = (magnitude - (112u << 23) + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    uint32_t tiny = bits_of_float(float_of_bits(magnitude) + 0.5f) - bits_of_float(0.5f);
    uint32_t h = magnitude < (113u << 23) ? tiny : normal;
    h = magnitude >= 0x477ff000u ? 0x7c00u : h; /* rounds beyond 65504 */
    h = magnitude > 0x7f800000u ? 0x7e00u : h;
    return (uint16_t)(h | (bits >> 16 & 0x8000u));
}

FL_INLINE float bfloat_to_float(uint16_t h) { return float_of_bits((uint32_t)h << 16); }

FL_INLINE uint16_t float_to_bfloat(float x)
{
    uint32_t bits = bits_of_float(x), rounded = bits + 0x7fffu + ((bits >> 16) & 1u), nan = x != x ? 0x7fc00000u : 0u;
    return (uint16_t)((rounded | nan) >> 16); /* of NaN, rounding may reach the sign */
}

/* Those of one that lies by itself. */
#if FL_F16C
FL_INLINE float single_half(uint16_t h) { return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h))); }
FL_INLINE uint16_t half_of_single(float x)
{
    return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), _MM_FROUND_TO_NEAREST_INT));
}
#else
FL_INLINE float single_half(uint16_t h) { return half_to_float(h); }
FL_INLINE uint16_t half_of_single(float x) { return float_to_half(x); }
#endif

#endif
