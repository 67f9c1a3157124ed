/* The classes of a photo's pixels from scores in a GPU's memory: what `choose_cuda.py` promises.
 *
 * One launch does a photo. A GPU has no use for the borders that `choose.c` looks for: to sum every
 * class at every pixel is a matter of microseconds. Each sum is made of the same roundings, as long
 * as multiplications and additions are not contracted, so that the label map is the same, bit for
 * bit. In C as far as it goes, so that a C compiler makes the same of it for tests.
 */
typedef struct {
    long long low, high;
    float of_low, of_high;
} Neighbours;

/* Where a pixel falls on an axis of the grid: see `GridAxis`. */
__device__ static Neighbours neighbours(long long pixel, double edge, double step, double first,
                                        double last) {
    double position = edge + (pixel + 0.5) * step - 0.5;
    position = position < first ? first : position > last ? last : position;
    Neighbours found;
    found.low = (long long)floor(position);
    found.high = (long long)ceil(position);
    found.of_high = (float)(position - found.low);
    found.of_low = 1 - found.of_high;
    return found;
}

#ifdef __cplusplus
extern "C"
#endif
/* Scores [classes, height, width] to bytes [rows, columns] of `label` and, unless NULL, `sure`, and
 * to `color` [rows, columns, 3] by `palette` [256, 3], unless NULL. `fault` becomes 1 if a score is
 * NaN or infinite. Each thread does four pixels, and writes them as words.
 */
__global__ void limn_choose(const float *scores, long long classes, long long height,
                            long long width, long long rows, long long columns, double row_edge,
                            double row_step, double row_first, double row_last,
                            double column_edge, double column_step, double column_first,
                            double column_last, const unsigned char *palette,
                            unsigned *label, unsigned *sure, unsigned *color,
                            unsigned char *fault) {
    long long plane = height * width, pixels = rows * columns;
    long long thread = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long)gridDim.x * blockDim.x;
    for (long long i = thread; i < classes * plane; i += threads)
        /* Nothing else differs from itself by what is not nothing. */
        if (scores[i] - scores[i] != 0)
            *fault = 1;

    unsigned labels = 0, levels = 0, colors[3] = {0, 0, 0};
    /* Photos have fewer pixels than 2^31, and long divisions are slow. */
    unsigned first = (unsigned)(thread * 4), y = first / (unsigned)columns;
    unsigned x = first - y * (unsigned)columns;
    /* So that `colors` stay in registers. */
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (first + i >= pixels)
            break;
        Neighbours down = neighbours(y, row_edge, row_step, row_first, row_last);
        Neighbours right = neighbours(x, column_edge, column_step, column_first, column_last);
        const float *upper = scores + down.low * width, *lower = scores + down.high * width;
        float best = 0;
        unsigned winner = 0;
        for (long long k = 0; k < classes; k++) {
            float left_sum = upper[right.low] * down.of_low + lower[right.low] * down.of_high;
            float right_sum = upper[right.high] * down.of_low + lower[right.high] * down.of_high;
            float score = left_sum * right.of_low + right_sum * right.of_high;
            if (k == 0 || score > best) {
                best = score;
                winner = (unsigned)k;
            }
            upper += plane;
            lower += plane;
        }
        float level = best * 255 + 0.5f;
        labels |= winner << 8 * i;
        levels |= (unsigned)(level < 0 ? 0 : level > 255 ? 255 : level) << 8 * i;
        if (color) {
#pragma unroll
            for (int at = 3 * i; at < 3 * i + 3; at++)
                colors[at / 4] |= (unsigned)palette[3 * winner + at - 3 * i] << at % 4 * 8;
        }
        if (++x == columns) {
            x = 0;
            y++;
        }
    }
    if (first + 4LL <= pixels) {
        label[thread] = labels;
        if (sure)
            sure[thread] = levels;
#pragma unroll
        for (int i = 0; i < 3; i++)
            if (color)
                color[3 * thread + i] = colors[i];
        return;
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (first + i >= pixels)
            break;
        ((unsigned char *)label)[first + i] = (unsigned char)(labels >> 8 * i);
        if (sure)
            ((unsigned char *)sure)[first + i] = (unsigned char)(levels >> 8 * i);
#pragma unroll
        for (int at = 3 * i; at < 3 * i + 3; at++)
            if (color)
                ((unsigned char *)color)[3 * first + at] = (unsigned char)(colors[at / 4] >> at % 4 * 8);
    }
}
