/* Results much larger than the caches bypass them: non-temporal stores save reading every line before it is written. */
#ifndef FASTLOSS_STREAM_H
#define FASTLOSS_STREAM_H

#include "core/array.h"

#if defined(__SSE2__) || defined(_M_X64)
#include <immintrin.h>
#define FL_STREAMS 1
#if defined(__AVX512F__)
typedef __m512i stream_unit;
#define STREAM_UNIT _mm512_stream_si512
#elif defined(__AVX2__)
typedef __m256i stream_unit;
#define STREAM_UNIT _mm256_stream_si256
#else
typedef __m128i stream_unit;
#define STREAM_UNIT _mm_stream_si128
#endif
#else
#define FL_STREAMS 0
#endif

#define FL_LINE 64 /* bytes of a cache line */

/* A result much larger than the caches: stores that go by them save the reading of every line before it is written.
 * Only whole lines may go so. Returns how many numbers at the end are left for the next call, none if it is the last. */
FL_NOINLINE ptrdiff_t stream_store(real *target, const real *source, ptrdiff_t n, int is_last)
{
    ptrdiff_t i = 0;
#if FL_STREAMS
    const ptrdiff_t line = FL_LINE / (ptrdiff_t)sizeof(real), lanes = (ptrdiff_t)(sizeof(stream_unit) / sizeof(real));
    for (; i < n && (uintptr_t)(target + i) % FL_LINE; i++) target[i] = source[i];
    for (; i + line <= n; i += line)
        for (ptrdiff_t j = i; j < i + line; j += lanes) {
            stream_unit unit;
            memcpy(&unit, source + j, sizeof unit);
            STREAM_UNIT((stream_unit *)(target + j), unit);
        }
    if (!is_last) return n - i;
#endif
    for (; i < n; i++) target[i] = source[i];
    return 0;
}
/* A block of results that way. `held` numbers of the block before it, fewer than FL_HELD, stand before it in the buffer. */
#define FL_HELD (FL_LINE / (ptrdiff_t)sizeof(real))
static inline void stream_block(const operand *home, real *buffer, ptrdiff_t *held, ptrdiff_t start, ptrdiff_t n,
                                int is_last)
{
    ptrdiff_t size = *held + n;
    ptrdiff_t left = stream_store((real *)home->data + start - *held, buffer, size, is_last);
    memmove(buffer, buffer + size - left, left * sizeof(real));
    *held = left;
}
/* Whether results are large enough, and in memory of their own: lines that are in the cache are better written there. */
static inline int is_streamed(const operand *home, ptrdiff_t n, const operand *input)
{
    return FL_STREAMS && home->direct && home->data != input->data
        && n * (ptrdiff_t)sizeof(real) >= (ptrdiff_t)16 << 20;
}
/* Makes them visible before whatever follows. */
static inline void stream_end(void)
{
#if FL_STREAMS
    _mm_sfence();
#endif
}

#endif
