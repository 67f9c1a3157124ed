/* Between 64 quantised values and four vectors of 16 numbers.
 *
 * Bytes are unpacked within each of a vector's four lanes of 16, so number `e` of lane `l` in vector
 * `n` belongs to byte 16 l + 4 n + e; packing is the inverse. Weights, biases and factors are laid out
 * alike, so no value has to cross a lane.
 */
#ifndef LIMN_VECTORS_H
#define LIMN_VECTORS_H

#include "../kernels.h"

#if LIMN_X86
#include <immintrin.h>

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE static inline __attribute__((always_inline)) VNNI

INLINE __mmask64 first_bytes(size_t count) {
    return count >= BLOCK ? ~(__mmask64)0 : (((__mmask64)1 << count) - 1);
}

/* Adds to each of 16 sums the products of 4 bytes. GCC's intrinsic moves every sum to another register
 * and back, which takes half of the time. */
INLINE void add_products(__m512i *sums, __m512i values, __m512i weights) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sums) : "v"(values), "vm"(weights));
}

/* Four times 64 bytes side by side: of number `e` of lane `l` in vector `n`, the four bytes of byte
 * 16 l + 4 n + e. */
INLINE void interleave(const __m512i bytes[4], __m512i groups[4]) {
    const __m512i a = _mm512_unpacklo_epi8(bytes[0], bytes[1]);
    const __m512i b = _mm512_unpacklo_epi8(bytes[2], bytes[3]);
    const __m512i c = _mm512_unpackhi_epi8(bytes[0], bytes[1]);
    const __m512i d = _mm512_unpackhi_epi8(bytes[2], bytes[3]);
    groups[0] = _mm512_unpacklo_epi16(a, b);
    groups[1] = _mm512_unpackhi_epi16(a, b);
    groups[2] = _mm512_unpacklo_epi16(c, d);
    groups[3] = _mm512_unpackhi_epi16(c, d);
}

/* Bytes as four vectors of int32. */
INLINE void widen(__m512i bytes, __m512i numbers[4]) {
    const __m512i nought = _mm512_setzero_si512();
    const __m512i low = _mm512_unpacklo_epi8(bytes, nought);
    const __m512i high = _mm512_unpackhi_epi8(bytes, nought);
    numbers[0] = _mm512_unpacklo_epi16(low, nought);
    numbers[1] = _mm512_unpackhi_epi16(low, nought);
    numbers[2] = _mm512_unpacklo_epi16(high, nought);
    numbers[3] = _mm512_unpackhi_epi16(high, nought);
}

/* Four vectors of int32, each plus `zero` (int16), as bytes, clamped to 0 to 255. */
INLINE __m512i narrow(const __m512i numbers[4], __m512i zero) {
    const __m512i low = _mm512_packs_epi32(numbers[0], numbers[1]);
    const __m512i high = _mm512_packs_epi32(numbers[2], numbers[3]);
    return _mm512_packus_epi16(_mm512_adds_epi16(low, zero), _mm512_adds_epi16(high, zero));
}

/* round(sum * factor) */
INLINE __m512i scaled(__m512i sum, __m512 factor) {
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), factor));
}

/* What a byte holds of numbers plus `zero`. */
INLINE __m512i stored(__m512i numbers, __m512i zero) {
    return _mm512_min_epi32(
        _mm512_max_epi32(_mm512_add_epi32(numbers, zero), _mm512_setzero_si512()),
        _mm512_set1_epi32(255));
}

/* Of two values as they are stored, their sum as it is, in the order in which ONNX Runtime adds. */
INLINE __m512i added(__m512i a, __m512i b, const struct addition *how) {
    const __m512 part = _mm512_fmadd_ps(_mm512_cvtepi32_ps(b), _mm512_set1_ps(how->b_factor),
                                        _mm512_set1_ps(how->offset));
    return _mm512_cvtps_epi32(
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(a), _mm512_set1_ps(how->a_factor), part));
}
#endif

#endif
