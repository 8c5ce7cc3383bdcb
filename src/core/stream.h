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

#define FL_STREAM_BYTES ((ptrdiff_t)16 << 20) /* of a result: far more than the second-level cache holds */

enum { FL_HELD = FL_LINE / (int)sizeof(real) }; /* numbers of a line: fewer are held for the next block */

/* Only whole lines may bypass the caches. Returns how many numbers at the end are left for the next call, none if it is
 * the last. */
FL_NOINLINE ptrdiff_t stream_store(real *target, const real *source, ptrdiff_t n, int is_last)
{
    ptrdiff_t i = 0;
#if FL_STREAMS
    const ptrdiff_t width = (ptrdiff_t)(sizeof(stream_unit) / sizeof(real));
    for (; i < n && (uintptr_t)(target + i) % FL_LINE; i++) target[i] = source[i];
    for (; i + FL_HELD <= n; i += FL_HELD)
        for (ptrdiff_t j = i; j < i + FL_HELD; j += width) {
            stream_unit unit;
            memcpy(&unit, source + j, sizeof unit);
            STREAM_UNIT((stream_unit *)(target + j), unit);
        }
    if (!is_last) return n - i;
#endif
    for (; i < n; i++) target[i] = source[i];
    return 0;
}

/* Whether results are large enough to bypass the caches, and in memory of their own: lines that are in the cache
 * because the input was read are better written there. */
static inline int bypasses_caches(const array_view *destination, ptrdiff_t n, const array_view *input)
{
    return FL_STREAMS && destination->direct && destination->data != input->data
        && n * (ptrdiff_t)sizeof(real) >= FL_STREAM_BYTES;
}

/* Blocks of a result, one after the other, from a buffer to their array. */
typedef struct {
    const array_view *destination; /* its data is NULL where this result is not wanted */
    real *buffer;                  /* room for a block and FL_HELD numbers */
    ptrdiff_t held;                /* numbers at the start of the buffer that are not stored yet */
    int streamed;                  /* whether they bypass the caches */
} block_writer;

static inline block_writer writer_to(const array_view *destination, real *buffer, int streamed)
{
    return (block_writer){destination, buffer, 0, streamed};
}

/* Where the next block is to be computed: in its array if it can be. */
static inline real *writer_block(const block_writer *w, ptrdiff_t start)
{
    return w->streamed ? w->buffer + w->held : block_destination(w->destination, start, w->buffer);
}

static inline void writer_store(block_writer *w, ptrdiff_t start, ptrdiff_t n, int is_last)
{
    if (w->streamed) {
        ptrdiff_t size = w->held + n;
        ptrdiff_t left = stream_store((real *)w->destination->data + start - w->held, w->buffer, size, is_last);
        memmove(w->buffer, w->buffer + size - left, left * sizeof(real));
        w->held = left;
    } else {
        store_block(w->destination, start, n, w->buffer);
    }
}

/* Makes stores that bypassed the caches visible before whatever follows. */
static inline void stream_end(void)
{
#if FL_STREAMS
    _mm_sfence();
#endif
}

#endif
