/* The classes of a photo's pixels from scores on a coarser grid: what `choose.py` promises.
 *
 * Compiled without fused multiply-adds and without reordering, so that every CPU and compiler
 * rounds alike and the label map of a photo is the same everywhere.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The wider instructions of newer CPUs, chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__)
#define FOR_EVERY_CPU __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EVERY_CPU
#endif

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

enum { DONE = 0, NO_NUMBERS = 1, NO_MEMORY = 2 };

/* In place of a class; `choose.py` takes no more than 255 of them. */
enum { UNCLEAR = 255 };

/* Relative to the largest score: more than three roundings of floats can shift two sums apart. */
static const float SLACK = 0x1p-20f;

/* Pixels [start, stop) between the same two grid lines. */
typedef struct {
    int32_t low, high, start, stop;
} Run;

/* Where the pixels along one axis fall on the grid; the weights of both neighbours per pixel. */
typedef struct {
    int32_t count;
    Run *runs;
    float *of_low, *of_high;
} Axis;

typedef struct {
    const float *scores; /* [classes, height, width] */
    size_t plane;
    int32_t classes, width;
    float slack;
    uint8_t *winner; /* [height, width], a class or UNCLEAR */
    Axis down, right;
    int32_t *run_of; /* [columns], of every pixel */
    float *best;     /* [columns], the winning score of every pixel of a line */
    uint8_t *clear;  /* [right.count], what all corners of a cell choose, or UNCLEAR */
    float (*corner)[4]; /* [classes] upper left, lower left, upper right, lower right */
    uint8_t *candidate; /* [classes] */
} Work;

static size_t axis_bytes(int32_t pixels) {
    return pixels * (sizeof(Run) + 2 * sizeof(float));
}

static Axis axis_of(const double *position, int32_t pixels, char *memory) {
    Run *runs = (Run *)memory;
    Axis made = {0, runs, (float *)(runs + pixels), (float *)(runs + pixels) + pixels};
    for (int32_t i = 0; i < pixels; i++) {
        int32_t low = (int32_t)floor(position[i]);
        /* A pixel on a centre needs no second neighbour. */
        int32_t high = (int32_t)ceil(position[i]);
        made.of_high[i] = (float)(position[i] - low);
        made.of_low[i] = 1 - made.of_high[i];
        Run *last = runs + made.count - 1;
        if (made.count && last->low == low && last->high == high)
            last->stop = i + 1;
        else
            runs[made.count++] = (Run){low, high, i, i + 1};
    }
    return made;
}

/* The largest |score|; not finite if one of them is not, as its bits are above all others'. */
FOR_EVERY_CPU
static float largest(const float *scores, size_t count) {
    const int32_t *bits = (const int32_t *)(const void *)scores;
    int32_t most = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t magnitude = bits[i] & 0x7fffffff;
        most = MAX(most, magnitude);
    }
    float found;
    memcpy(&found, &most, sizeof found);
    return found;
}

/* Of a row of grid cells: the best class, or UNCLEAR where another is about as good. */
FOR_EVERY_CPU
static void find_winners(const float *row, size_t plane, int32_t classes, int32_t width,
                         float slack, float *restrict bar, int32_t *restrict good,
                         int32_t *restrict sum, uint8_t *restrict winner) {
    memcpy(bar, row, width * sizeof *bar);
    for (int32_t k = 1; k < classes; k++) {
        const float *score = row + k * plane;
        for (int32_t x = 0; x < width; x++)
            bar[x] = MAX(bar[x], score[x]);
    }
    for (int32_t x = 0; x < width; x++) {
        bar[x] -= slack;
        good[x] = sum[x] = 0;
    }
    for (int32_t k = 0; k < classes; k++) {
        const float *score = row + k * plane;
        for (int32_t x = 0; x < width; x++) {
            int32_t is_good = score[x] >= bar[x];
            good[x] += is_good;
            sum[x] += is_good * k;
        }
    }
    for (int32_t x = 0; x < width; x++)
        winner[x] = (uint8_t)(good[x] > 1 ? UNCLEAR : sum[x]);
}

/* What the corners of all cells between two grid lines agree on. */
static void find_clear(const Work *work, const Run *band) {
    const uint8_t *upper = work->winner + (size_t)band->low * work->width;
    const uint8_t *lower = work->winner + (size_t)band->high * work->width;
    for (int32_t j = 0; j < work->right.count; j++) {
        int32_t low = work->right.runs[j].low, high = work->right.runs[j].high;
        uint8_t one = upper[low];
        int agreed = (one == upper[high]) & (one == lower[low]) & (one == lower[high]);
        work->clear[j] = agreed ? one : UNCLEAR;
    }
}

/* Every class that may win in a cell, ascending, and its scores at the corners; how many. */
static int32_t find_candidates(const Work *work, const Run *band, const Run *span,
                               uint8_t clear) {
    const float *upper = work->scores + (size_t)band->low * work->width;
    const float *lower = work->scores + (size_t)band->high * work->width;
    int32_t first = clear == UNCLEAR ? 0 : clear;
    int32_t last = clear == UNCLEAR ? work->classes - 1 : clear;
    float bar = -INFINITY;
    for (int32_t k = first; k <= last; k++) {
        float *corner = work->corner[k];
        corner[0] = upper[k * work->plane + span->low];
        corner[1] = lower[k * work->plane + span->low];
        corner[2] = upper[k * work->plane + span->high];
        corner[3] = lower[k * work->plane + span->high];
        bar = MAX(bar, MIN(MIN(corner[0], corner[1]), MIN(corner[2], corner[3])));
    }
    bar -= work->slack;
    int32_t count = 0;
    for (int32_t k = first; k <= last; k++) {
        const float *corner = work->corner[k];
        work->candidate[count] = (uint8_t)k;
        count += MAX(MAX(corner[0], corner[1]), MAX(corner[2], corner[3])) >= bar;
    }
    return count;
}

/* The best of some candidates at every pixel of a line in a cell; the lowest index on a tie. */
static void choose_line(const Work *work, const Run *span, int32_t count, int32_t y,
                        uint8_t *label) {
    float up = work->down.of_low[y], down = work->down.of_high[y];
    const float *of_low = work->right.of_low, *of_high = work->right.of_high;
    float *best = work->best;
    for (int32_t i = 0; i < count; i++) {
        uint8_t k = work->candidate[i];
        const float *corner = work->corner[k];
        float left = corner[0] * up + corner[1] * down;
        float right = corner[2] * up + corner[3] * down;
        for (int32_t x = span->start; x < span->stop; x++) {
            float score = left * of_low[x] + right * of_high[x];
            if (i == 0 || score > best[x]) {
                best[x] = score;
                label[x] = k;
            }
        }
    }
}

/* The pixels between two grid lines; `label` and `sure` (or NULL) are the photo's. */
static void choose_band(const Work *work, const Run *band, int32_t columns, uint8_t *label,
                        uint8_t *sure) {
    find_clear(work, band);
    uint8_t *first = label + (size_t)band->start * columns;
    for (int32_t x = 0; x < columns; x++)
        first[x] = work->clear[work->run_of[x]];
    for (int32_t y = band->start + 1; y < band->stop; y++)
        memcpy(label + (size_t)y * columns, first, columns);
    for (int32_t j = 0; j < work->right.count; j++) {
        const Run *span = work->right.runs + j;
        if (work->clear[j] != UNCLEAR && !sure)
            continue;
        int32_t count = find_candidates(work, band, span, work->clear[j]);
        for (int32_t y = band->start; y < band->stop; y++) {
            choose_line(work, span, count, y, label + (size_t)y * columns);
            if (!sure)
                continue;
            uint8_t *line = sure + (size_t)y * columns;
            for (int32_t x = span->start; x < span->stop; x++)
                line[x] = (uint8_t)MAX(0, MIN(255, work->best[x] * 255 + 0.5f));
        }
    }
}

/* Scores [classes, height, width] of which the photo [rows, columns] covers the positions given.
 *
 * Positions ascend, from 0 to height - 1 and to width - 1. `sure` may be NULL.
 */
int limn_choose(const float *scores, int32_t classes, int32_t height, int32_t width,
                const double *row_position, int32_t rows, const double *column_position,
                int32_t columns, uint8_t *label, uint8_t *sure) {
    Work work = {.scores = scores, .classes = classes, .width = width};
    work.plane = (size_t)height * width;
    float most = largest(scores, work.plane * classes);
    if (!(most < INFINITY))
        return NO_NUMBERS;
    work.slack = SLACK * most;

    char *memory = malloc(axis_bytes(rows) + axis_bytes(columns) +
                          columns * (sizeof *work.run_of + sizeof *work.best) +
                          width * (sizeof(float) + 2 * sizeof(int32_t)) +
                          classes * (sizeof *work.corner + sizeof *work.candidate) +
                          columns * sizeof *work.clear + work.plane);
    if (!memory)
        return NO_MEMORY;
    /* What needs to be aligned comes first. */
    char *free_from = memory;
    work.down = axis_of(row_position, rows, free_from);
    free_from += axis_bytes(rows);
    work.right = axis_of(column_position, columns, free_from);
    free_from += axis_bytes(columns);
    work.run_of = (int32_t *)free_from;
    work.best = (float *)(work.run_of + columns);
    float *bar = work.best + columns;
    int32_t *good = (int32_t *)(bar + width), *sum = good + width;
    work.corner = (float (*)[4])(sum + width);
    work.candidate = (uint8_t *)(work.corner + classes);
    work.clear = work.candidate + classes;
    work.winner = work.clear + columns;

    for (int32_t j = 0; j < work.right.count; j++)
        for (int32_t x = work.right.runs[j].start; x < work.right.runs[j].stop; x++)
            work.run_of[x] = j;
    int32_t left = work.right.runs[0].low, right = work.right.runs[work.right.count - 1].high;
    int32_t top = work.down.runs[0].low, bottom = work.down.runs[work.down.count - 1].high;
    for (int32_t y = top; y <= bottom; y++) {
        size_t at = (size_t)y * width + left;
        find_winners(scores + at, work.plane, classes, right - left + 1, work.slack, bar, good,
                     sum, work.winner + at);
    }
    for (int32_t i = 0; i < work.down.count; i++)
        choose_band(&work, work.down.runs + i, columns, label, sure);
    free(memory);
    return DONE;
}
