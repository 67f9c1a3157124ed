/* Between 32 quantised values and four vectors of 8 numbers.
 *
 * Bytes are unpacked within each of a vector's two lanes of 16, so number `e` of lane `l` in vector `n`
 * belongs to byte 16 l + 4 n + e; packing is the inverse. Of what `export/packing.py` orders by four
 * lanes, 64 channels, a slice of 32 is one half of every vector.
 */
#ifndef LIMN_AVX2_VECTORS_H
#define LIMN_AVX2_VECTORS_H

#include "../kernels.h"

#if LIMN_X86
#include <immintrin.h>

/* Files that say so are compiled twice: for AVX2, and for AVX-VNNI, where products are added to sums in
 * one instruction instead of two or three. */
#if LIMN_AVX_VNNI
#define AVX2 __attribute__((target("avx2,fma,avxvnni")))
#define NAMED(kernel) limn_avx_vnni_##kernel
#else
#define AVX2 __attribute__((target("avx2,fma")))
#define NAMED(kernel) limn_avx2_##kernel
#endif
#define INLINE static inline __attribute__((always_inline)) AVX2

enum { EIGHT = 8, SIXTEEN = 16, SLICE = 32 };

INLINE __m256i load(const void *from) { return _mm256_loadu_si256(from); }

/* As a mask of 8 numbers. */
INLINE __m256i first_numbers(size_t count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < EIGHT ? (int)count : EIGHT),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* The first of 8 or more bytes, noughts behind them. */
INLINE uint64_t load_up_to_8(const uint8_t *from, size_t count) {
    uint64_t bytes = 0;
    if (count >= 8) {
        __builtin_memcpy(&bytes, from, 8);
        return bytes;
    }
    size_t done = count & 4;
    if (done)
        __builtin_memcpy(&bytes, from, 4);
    for (; done < count; done++)
        bytes |= (uint64_t)from[done] << (8 * done);
    return bytes;
}

INLINE __m128i load_up_to_16(const uint8_t *from, size_t count) {
    if (count >= SIXTEEN)
        return _mm_loadu_si128((const __m128i *)from);
    const uint64_t low = load_up_to_8(from, count);
    return _mm_set_epi64x(count > 8 ? (long long)load_up_to_8(from + 8, count - 8) : 0,
                          (long long)low);
}

INLINE __m256i load_up_to_32(const uint8_t *from, size_t count) {
    if (count >= SLICE)
        return load(from);
    const __m128i low = load_up_to_16(from, count);
    if (count <= SIXTEEN)
        return _mm256_zextsi128_si256(low);
    return _mm256_set_m128i(load_up_to_16(from + SIXTEEN, count - SIXTEEN), low);
}

INLINE void store_up_to_16(uint8_t *to, size_t count, __m128i bytes) {
    if (count >= SIXTEEN) {
        _mm_storeu_si128((__m128i *)to, bytes);
        return;
    }
    if (count & 8) {
        _mm_storel_epi64((__m128i *)to, bytes);
        bytes = _mm_srli_si128(bytes, 8);
        to += 8;
    }
    if (count & 4) {
        const int32_t four = _mm_cvtsi128_si32(bytes);
        __builtin_memcpy(to, &four, sizeof four);
        bytes = _mm_srli_si128(bytes, 4);
        to += 4;
    }
    for (size_t left = count % 4; left; left--) {
        *to++ = (uint8_t)_mm_cvtsi128_si32(bytes);
        bytes = _mm_srli_si128(bytes, 1);
    }
}

INLINE void store_up_to_32(uint8_t *to, size_t count, __m256i bytes) {
    if (count >= SLICE) {
        _mm256_storeu_si256((__m256i *)to, bytes);
        return;
    }
    store_up_to_16(to, count, _mm256_castsi256_si128(bytes));
    if (count > SIXTEEN)
        store_up_to_16(to + SIXTEEN, count - SIXTEEN, _mm256_extracti128_si256(bytes, 1));
}

/* Bytes as two vectors of int16, then as four of int32. */
INLINE void widen_to_16(__m256i bytes, __m256i numbers[2]) {
    const __m256i nought = _mm256_setzero_si256();
    numbers[0] = _mm256_unpacklo_epi8(bytes, nought);
    numbers[1] = _mm256_unpackhi_epi8(bytes, nought);
}

INLINE void widen(__m256i bytes, __m256i numbers[4]) {
    const __m256i nought = _mm256_setzero_si256();
    __m256i halves[2];
    widen_to_16(bytes, halves);
    numbers[0] = _mm256_unpacklo_epi16(halves[0], nought);
    numbers[1] = _mm256_unpackhi_epi16(halves[0], nought);
    numbers[2] = _mm256_unpacklo_epi16(halves[1], nought);
    numbers[3] = _mm256_unpackhi_epi16(halves[1], nought);
}

/* Two times 32 bytes side by side, as int16: of number `e` of lane `l` in vector `n`, the two of byte
 * 16 l + 4 n + e. */
INLINE void pair(__m256i first, __m256i second, __m256i pairs[4]) {
    const __m256i nought = _mm256_setzero_si256();
    const __m256i low = _mm256_unpacklo_epi8(first, second);
    const __m256i high = _mm256_unpackhi_epi8(first, second);
    pairs[0] = _mm256_unpacklo_epi8(low, nought);
    pairs[1] = _mm256_unpackhi_epi8(low, nought);
    pairs[2] = _mm256_unpacklo_epi8(high, nought);
    pairs[3] = _mm256_unpackhi_epi8(high, nought);
}

/* Adds to each of 8 sums the products of a pair. GCC would add up in another order, which takes more
 * registers than there are. */
INLINE void add_products(__m256i *sums, __m256i values, __m256i weights) {
#if LIMN_AVX_VNNI
    __asm__("%{vex%} vpdpwssd %2, %1, %0" : "+x"(*sums) : "x"(values), "xm"(weights));
#else
    __m256i both;
    __asm__("vpmaddwd %3, %2, %1\n\t"
            "vpaddd %1, %0, %0"
            : "+x"(*sums), "=&x"(both)
            : "x"(values), "xm"(weights));
#endif
}

/* Four vectors of int32, each plus `zero` (int16), as bytes, clamped to 0 to 255. */
INLINE __m256i narrow(const __m256i numbers[4], __m256i zero) {
    const __m256i low = _mm256_packs_epi32(numbers[0], numbers[1]);
    const __m256i high = _mm256_packs_epi32(numbers[2], numbers[3]);
    return _mm256_packus_epi16(_mm256_adds_epi16(low, zero), _mm256_adds_epi16(high, zero));
}

/* Bytes whose numbers follow each other in four vectors, and back: four at a time between lanes. */
INLINE __m256i to_lanes(__m256i bytes) {
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
}

INLINE __m256i from_lanes(__m256i bytes) {
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* Two vectors of int32, in their order, as bytes, clamped alike. */
INLINE __m128i sixteen_bytes(__m256i first, __m256i second) {
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xd8);
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/* round(sum * factor) */
INLINE __m256i scaled(__m256i sum, __m256 factor) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), factor));
}

/* What a byte holds of numbers plus `zero`. */
INLINE __m256i stored(__m256i numbers, __m256i zero) {
    return _mm256_min_epi32(
        _mm256_max_epi32(_mm256_add_epi32(numbers, zero), _mm256_setzero_si256()),
        _mm256_set1_epi32(255));
}

/* Of two values as they are stored, their sum as it is, in the order in which ONNX Runtime adds. */
INLINE __m256i added(__m256i a, __m256i b, const struct addition *how) {
    const __m256 part = _mm256_fmadd_ps(_mm256_cvtepi32_ps(b), _mm256_set1_ps(how->b_factor),
                                        _mm256_set1_ps(how->offset));
    return _mm256_cvtps_epi32(
        _mm256_fmadd_ps(_mm256_cvtepi32_ps(a), _mm256_set1_ps(how->a_factor), part));
}
#endif

#endif
