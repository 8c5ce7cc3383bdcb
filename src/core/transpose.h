/* Rows laid across the vector lanes, and back: table[c * tile + k] is class c of row k. A tile has FL_TILE rows, or
 * FL_FRAMES where rows are frames of one sequence; the functions that take the number take it as a constant.
 *
 * A piece is 16 bytes of one row: FL_COLUMNS numbers. Pieces of several rows side by side fill a vector of the
 * processor's width. FL_COLUMNS such vectors are transposed together, within each 16 bytes, by two instructions a
 * vector (one for doubles). The last piece of a row overlaps the one before it, unless pieces divide the row evenly.
 */
#ifndef FASTLOSS_TRANSPOSE_H
#define FASTLOSS_TRANSPOSE_H

#include "core/vecmath.h"

#define FL_TILE 32   /* rows handled together, at the most */
#define FL_FRAMES 16 /* frames of one sequence: fewer, since what is left over at its end is computed in vain */

#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define FL_SHUFFLES 1
#endif
#endif

#ifdef FL_SHUFFLES

#if defined(__AVX512F__)
#define FL_PIECES 4 /* of a vector */
#define FL_EACH_PIECE(f) f(0), f(4), f(8), f(12)
#elif defined(__AVX2__)
#define FL_PIECES 2
#define FL_EACH_PIECE(f) f(0), f(4)
#else
#define FL_PIECES 1
#define FL_EACH_PIECE(f) f(0)
#endif
#define FL_WIDTH (4 * FL_PIECES)
#define FL_COLUMNS ((int)(16 / sizeof(real))) /* numbers of a piece */

/* Only moved, never computed with: doubles are moved as pairs of floats. Their addresses need no alignment. */
typedef float piece __attribute__((vector_size(16)));
typedef float vector __attribute__((vector_size(16 * FL_PIECES)));
typedef float piece_at __attribute__((vector_size(16), aligned(4), may_alias));
typedef float vector_at __attribute__((vector_size(16 * FL_PIECES), aligned(4), may_alias));

typedef int64_t words __attribute__((vector_size(16 * FL_PIECES)));
typedef int64_t word_pair __attribute__((vector_size(16)));
typedef int64_t word_pair_at __attribute__((vector_size(16), aligned(4), may_alias));

#define FL_LOW_WORDS(i) i, FL_WIDTH + i, i + 1, FL_WIDTH + i + 1
#define FL_HIGH_WORDS(i) i + 2, FL_WIDTH + i + 2, i + 3, FL_WIDTH + i + 3
#define FL_LOW_PAIRS(i) i, i + 1, FL_WIDTH + i, FL_WIDTH + i + 1
#define FL_HIGH_PAIRS(i) i + 2, i + 3, FL_WIDTH + i + 2, FL_WIDTH + i + 3
#define FL_MIX(a, b, which) __builtin_shufflevector(a, b, FL_EACH_PIECE(which))

/* Rows of the vectors become columns, within each 16 bytes. */
FL_INLINE void transpose_pieces(vector *a)
{
#ifdef FL_REAL64
    vector low = FL_MIX(a[0], a[1], FL_LOW_PAIRS), high = FL_MIX(a[0], a[1], FL_HIGH_PAIRS);
    a[0] = low;
    a[1] = high;
#else
    vector t0 = FL_MIX(a[0], a[1], FL_LOW_WORDS), t1 = FL_MIX(a[0], a[1], FL_HIGH_WORDS);
    vector t2 = FL_MIX(a[2], a[3], FL_LOW_WORDS), t3 = FL_MIX(a[2], a[3], FL_HIGH_WORDS);
    a[0] = FL_MIX(t0, t2, FL_LOW_PAIRS);
    a[1] = FL_MIX(t0, t2, FL_HIGH_PAIRS);
    a[2] = FL_MIX(t1, t3, FL_LOW_PAIRS);
    a[3] = FL_MIX(t1, t3, FL_HIGH_PAIRS);
#endif
}

FL_INLINE piece load_piece(const real *x) { return *(const piece_at *)x; }

/* The pieces at x and at every `step` numbers from there. */
FL_INLINE vector join_pieces(const real *x, ptrdiff_t step)
{
    piece a = load_piece(x);
#if FL_PIECES == 1
    return a;
#else
    piece b = load_piece(x + step);
#if FL_PIECES == 2
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    typedef float two __attribute__((vector_size(32)));
    two ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
    piece c = load_piece(x + 2 * step), d = load_piece(x + 3 * step);
    two cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
#endif
}

/* The opposite of join_pieces. By pairs of 64 bits, for which compilers store a part of a vector in one instruction. */
FL_INLINE void part_pieces(vector a, real *out, ptrdiff_t step)
{
    const words all = (words)a;
#define FL_PART(i)                                       \
    do {                                                 \
        const word_pair part = {all[2 * (i)], all[2 * (i) + 1]}; \
        *(word_pair_at *)(out + (i) * step) = part;      \
    } while (0)
    FL_PART(0);
#if FL_PIECES > 1
    FL_PART(1);
#endif
#if FL_PIECES > 2
    FL_PART(2);
    FL_PART(3);
#endif
#undef FL_PART
}

#define FL_STEP (FL_COLUMNS * FL_PIECES) /* rows of FL_COLUMNS vectors */

/* FL_STEP rows from x on, `pitch` numbers apart: FL_COLUMNS of their classes, each a vector. */
FL_INLINE void load_columns(const real *x, ptrdiff_t pitch, vector *a)
{
    for (int i = 0; i < FL_COLUMNS; i++) a[i] = join_pieces(x + i * pitch, FL_COLUMNS * pitch);
    transpose_pieces(a);
}

FL_INLINE void store_columns(vector *a, real *out, ptrdiff_t pitch)
{
    transpose_pieces(a);
    for (int i = 0; i < FL_COLUMNS; i++) part_pieces(a[i], out + i * pitch, FL_COLUMNS * pitch);
}

/* All rows of a tile, of at least FL_COLUMNS classes, `pitch` numbers apart. */
FL_INLINE void load_pieces(const real *FL_RESTRICT x, ptrdiff_t pitch, ptrdiff_t classes, real *FL_RESTRICT table,
                           const int tile)
{
    for (ptrdiff_t start = 0; start < classes; start += FL_COLUMNS) {
        ptrdiff_t c = start + FL_COLUMNS <= classes ? start : classes - FL_COLUMNS;
        for (int k = 0; k < tile; k += FL_STEP) {
            vector a[FL_COLUMNS];
            load_columns(x + k * pitch + c, pitch, a);
            for (int i = 0; i < FL_COLUMNS; i++) *(vector_at *)(table + (c + i) * tile + k) = a[i];
        }
    }
}

/* And the first n back, whole FL_STEP of them. */
FL_INLINE void store_pieces(const real *FL_RESTRICT table, const int n, ptrdiff_t classes, real *FL_RESTRICT out,
                            ptrdiff_t pitch, const int tile)
{
    for (int k = 0; k < n; k += FL_STEP)
        for (ptrdiff_t start = 0; start < classes; start += FL_COLUMNS) {
            ptrdiff_t c = start + FL_COLUMNS <= classes ? start : classes - FL_COLUMNS;
            vector a[FL_COLUMNS];
            for (int i = 0; i < FL_COLUMNS; i++) a[i] = *(const vector_at *)(table + (c + i) * tile + k);
            store_columns(a, out + k * pitch + c, pitch);
        }
}
#else
#define FL_COLUMNS FL_TILE
#define load_pieces load_rows
#define store_pieces store_rows
#endif

/* Number by number; where `classes` is a constant, the compiler makes vector code of it. */
FL_INLINE void load_rows(const real *FL_RESTRICT x, ptrdiff_t pitch, ptrdiff_t classes, real *FL_RESTRICT table,
                         const int tile)
{
    for (int k = 0; k < tile; k++)
        for (ptrdiff_t c = 0; c < classes; c++) table[c * tile + k] = x[k * pitch + c];
}
FL_INLINE void store_rows(const real *FL_RESTRICT table, ptrdiff_t n, ptrdiff_t classes, real *FL_RESTRICT out,
                          ptrdiff_t pitch, const int tile)
{
    for (ptrdiff_t k = 0; k < n; k++)
        for (ptrdiff_t c = 0; c < classes; c++) out[k * pitch + c] = table[c * tile + k];
}

/* n rows into the lanes; lanes without a row repeat the last one. */
FL_NOINLINE void lanes_load(const real *FL_RESTRICT x, ptrdiff_t n, ptrdiff_t classes, real *FL_RESTRICT table)
{
    if (n < FL_TILE)
        for (ptrdiff_t c = 0; c < classes; c++) {
            for (ptrdiff_t k = 0; k < n; k++) table[c * FL_TILE + k] = x[k * classes + c];
            for (ptrdiff_t k = n; k < FL_TILE; k++) table[c * FL_TILE + k] = x[(n - 1) * classes + c];
        }
    else if (classes >= FL_COLUMNS)
        load_pieces(x, classes, classes, table, FL_TILE);
    else if (classes == 2)
        load_rows(x, 2, 2, table, FL_TILE);
    else if (classes == 3)
        load_rows(x, 3, 3, table, FL_TILE);
    else
        load_rows(x, classes, classes, table, FL_TILE);
}

/* The first n lanes into rows. */
FL_NOINLINE void lanes_store(const real *FL_RESTRICT table, ptrdiff_t n, ptrdiff_t classes, real *FL_RESTRICT out)
{
    if (n == FL_TILE && classes >= FL_COLUMNS)
        store_pieces(table, FL_TILE, classes, out, classes, FL_TILE);
    else if (n == FL_TILE && classes == 2)
        store_rows(table, FL_TILE, 2, out, 2, FL_TILE);
    else if (n == FL_TILE && classes == 3)
        store_rows(table, FL_TILE, 3, out, 3, FL_TILE);
    else
        store_rows(table, n, classes, out, classes, FL_TILE);
}

#endif
