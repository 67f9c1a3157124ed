/* The kernels as operators of ONNX Runtime, in the domain `limn`.
 *
 * ONNX Runtime loads this library by `register_custom_ops_library` and calls `RegisterCustomOps`. Its
 * C API is a table whose order never changes (https://onnxruntime.ai/docs/api/c/); what is used of it
 * is named here by its place, as the package comes without a header.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels.h"

#if LIMN_X86

typedef struct OrtStatus OrtStatus;
typedef struct OrtKernelInfo OrtKernelInfo;
typedef struct OrtKernelContext OrtKernelContext;
typedef struct OrtValue OrtValue;
typedef struct OrtShape OrtShape;

/* `OrtApi`: the functions of its first version. */
typedef const void *const *Api;

enum {
    CREATE_STATUS = 0,
    CREATE_CUSTOM_OP_DOMAIN = 26,
    CUSTOM_OP_DOMAIN_ADD = 27,
    ADD_CUSTOM_OP_DOMAIN = 28,
    GET_TENSOR_MUTABLE_DATA = 51,
    GET_DIMENSIONS_COUNT = 61,
    GET_DIMENSIONS = 62,
    GET_TENSOR_SHAPE_ELEMENT_COUNT = 64,
    GET_TENSOR_TYPE_AND_SHAPE = 65,
    KERNEL_INFO_GET_ATTRIBUTE_FLOAT = 85,
    KERNEL_INFO_GET_ATTRIBUTE_INT64 = 86,
    KERNEL_CONTEXT_GET_INPUT = 90,
    KERNEL_CONTEXT_GET_OUTPUT = 91,
    RELEASE_TENSOR_TYPE_AND_SHAPE_INFO = 99,
};

enum { API_VERSION = 16, FAILED = 1, INVALID_ARGUMENT = 2 };

enum type { FLOAT = 1, UINT8 = 2, INT8 = 3, INT32 = 6 };

struct OrtApiBase {
    Api (*get_api)(uint32_t version);
    const char *(*get_version)(void);
};

enum { MAX_INPUTS = 5, MAX_INTS = 9, MAX_FLOATS = 4, RANK = 4 };

/* `OrtCustomOp` of version 16, and what tells ours apart. */
struct operator{
    uint32_t version;
    void *(*create)(const struct operator*, Api, const OrtKernelInfo *);
    const char *(*name)(const struct operator*);
    const char *(*provider)(const struct operator*);
    enum type (*input_type)(const struct operator*, size_t);
    size_t (*input_count)(const struct operator*);
    enum type (*output_type)(const struct operator*, size_t);
    size_t (*output_count)(const struct operator*);
    void (*compute)(void *, OrtKernelContext *);
    void (*destroy)(void *);
    int (*input_characteristic)(const struct operator*, size_t);
    int (*output_characteristic)(const struct operator*, size_t);
    int (*input_memory)(const struct operator*, size_t);
    int (*variadic_input_min_arity)(const struct operator*);
    int (*variadic_input_homogeneity)(const struct operator*);
    int (*variadic_output_min_arity)(const struct operator*);
    int (*variadic_output_homogeneity)(const struct operator*);
    OrtStatus *(*create_or_fail)(const struct operator*, Api, const OrtKernelInfo *, void **);
    OrtStatus *(*compute_or_fail)(void *, OrtKernelContext *);
    void *infer_shape;
    int (*start_version)(const struct operator*);
    int (*end_version)(const struct operator*);
    void *later[4];

    const struct kind *kind;
};

/* One node of a graph. */
struct node {
    Api api;
    const struct kind *kind;
    int64_t ints[MAX_INTS];
    float floats[MAX_FLOATS];
};

struct tensor {
    void *data;
    size_t elements, rank;
    int64_t shape[RANK];
};

struct kind {
    const char *name;
    const char *ints[MAX_INTS];
    const char *floats[MAX_FLOATS];
    enum type inputs[MAX_INPUTS];
    enum type output;
    OrtStatus *(*run)(const struct node *, OrtKernelContext *, const struct tensor *);
};

#define CALL(api, place, type) ((type)(uintptr_t)(api)[place])
#define CHECKED(call)                                                                             \
    do {                                                                                          \
        OrtStatus *checked = (call);                                                              \
        if (checked)                                                                              \
            return checked;                                                                       \
    } while (0)

static OrtStatus *failed(Api api, int code, const char *name, const char *what) {
    char message[160];
    snprintf(message, sizeof message, "limn.%s: %s", name, what);
    return CALL(api, CREATE_STATUS, OrtStatus * (*)(int, const char *))(code, message);
}

static OrtStatus *unfit(const struct node *node) {
    return failed(node->api, INVALID_ARGUMENT, node->kind->name,
                  "inputs and attributes do not fit each other");
}

static OrtStatus *read_tensor(Api api, const OrtValue *value, struct tensor *tensor) {
    OrtShape *shape;
    CHECKED(CALL(api, GET_TENSOR_MUTABLE_DATA, OrtStatus * (*)(const OrtValue *, void **))(
        value, &tensor->data));
    CHECKED(CALL(api, GET_TENSOR_TYPE_AND_SHAPE, OrtStatus * (*)(const OrtValue *, OrtShape **))(
        value, &shape));
    CALL(api, GET_TENSOR_SHAPE_ELEMENT_COUNT, OrtStatus * (*)(const OrtShape *, size_t *))
    (shape, &tensor->elements);
    CALL(api, GET_DIMENSIONS_COUNT, OrtStatus * (*)(const OrtShape *, size_t *))
    (shape, &tensor->rank);
    if (tensor->rank <= RANK)
        CALL(api, GET_DIMENSIONS, OrtStatus * (*)(const OrtShape *, int64_t *, size_t))
        (shape, tensor->shape, tensor->rank);
    CALL(api, RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, void (*)(OrtShape *))(shape);
    return NULL;
}

static OrtStatus *output(const struct node *node, OrtKernelContext *context, int64_t batch,
                         int64_t a, int64_t b, int64_t c, void **data) {
    const int64_t shape[RANK] = {batch, a, b, c};
    OrtValue *value;
    CHECKED(CALL(node->api, KERNEL_CONTEXT_GET_OUTPUT,
                 OrtStatus * (*)(OrtKernelContext *, size_t, const int64_t *, size_t, OrtValue **))(
        context, 0, shape, RANK, &value));
    return CALL(node->api, GET_TENSOR_MUTABLE_DATA, OrtStatus * (*)(OrtValue *, void **))(value,
                                                                                         data);
}

/* A picture of at least one pixel per entry of the batch. */
static int is_batch(const struct tensor *tensor) {
    return tensor->rank == RANK && tensor->shape[1] > 0 && tensor->shape[2] > 0 &&
           tensor->shape[3] > 0;
}

static int same_shape(const struct tensor *tensor, int64_t batch, int64_t height, int64_t width,
                      int64_t channels) {
    return tensor->rank == RANK && tensor->shape[0] == batch && tensor->shape[1] == height &&
           tensor->shape[2] == width && tensor->shape[3] == channels;
}

static OrtStatus *run_blocks(const struct node *node, OrtKernelContext *context,
                             const struct tensor *inputs) {
    const struct tensor *x = inputs;
    if (!is_batch(x) || x->shape[1] != 3 || x->shape[2] % 2 || x->shape[3] % 2)
        return unfit(node);
    const int64_t height = x->shape[2], width = x->shape[3];
    void *y;
    CHECKED(output(node, context, x->shape[0], height / 2, width / 2, 48, &y));
    for (int64_t picture = 0; picture < x->shape[0]; picture++)
        limn_kernels->blocks((const float *)x->data + picture * 3 * height * width,
                             (size_t)height, (size_t)width, node->floats[0],
                             (int32_t)node->ints[0],
                             (uint8_t *)y + picture * 12 * height * width);
    return NULL;
}

/* The weights, biases and factors that come after `x`; 0 where they do not fit. */
static int read_pointwise(const struct node *node, const struct tensor *inputs,
                          struct pointwise *layer) {
    const struct tensor *x = inputs, *weights = inputs + 1, *bias = inputs + 2,
                        *factors = inputs + 3;
    if (!is_batch(x) || x->shape[3] % GROUP || node->ints[0] < 1)
        return 0;
    layer->inputs = (size_t)x->shape[3];
    layer->outputs = (size_t)node->ints[0];
    const size_t padded = (layer->outputs + LANES - 1) / LANES * LANES;
    if (weights->elements != padded * layer->inputs || bias->elements != padded ||
        factors->elements != padded)
        return 0;
    layer->weights = weights->data;
    layer->bias = bias->data;
    layer->factors = factors->data;
    layer->zero = (int32_t)node->ints[1];
    return 1;
}

static size_t pixels_of(const struct tensor *x) {
    return (size_t)(x->shape[0] * x->shape[1] * x->shape[2]);
}

static OrtStatus *run_pointwise(const struct node *node, OrtKernelContext *context,
                                const struct tensor *inputs) {
    const struct tensor *x = inputs;
    struct pointwise layer;
    void *y;
    if (!read_pointwise(node, inputs, &layer))
        return unfit(node);
    CHECKED(output(node, context, x->shape[0], x->shape[1], x->shape[2], node->ints[0], &y));
    limn_kernels->pointwise(&layer, x->data, pixels_of(x), NULL, NULL, y);
    return NULL;
}

static OrtStatus *run_pointwise_add(const struct node *node, OrtKernelContext *context,
                                    const struct tensor *inputs) {
    const struct tensor *x = inputs, *other = inputs + 4;
    struct pointwise layer;
    void *y;
    if (!read_pointwise(node, inputs, &layer) ||
        !same_shape(other, x->shape[0], x->shape[1], x->shape[2], node->ints[0]))
        return unfit(node);
    const struct addition addition = {node->floats[0], node->floats[1], node->floats[2]};
    CHECKED(output(node, context, x->shape[0], x->shape[1], x->shape[2], node->ints[0], &y));
    limn_kernels->pointwise(&layer, x->data, pixels_of(x), other->data, &addition, y);
    return NULL;
}

static OrtStatus *run_pointwise_real(const struct node *node, OrtKernelContext *context,
                                     const struct tensor *inputs) {
    const struct tensor *x = inputs;
    struct pointwise layer;
    void *y;
    if (!read_pointwise(node, inputs, &layer))
        return unfit(node);
    enum { ROWS = 768 };
    uint8_t *stored = malloc(ROWS * layer.outputs);
    if (!stored)
        return failed(node->api, FAILED, node->kind->name, "out of memory");
    OrtStatus *failure =
        output(node, context, x->shape[0], node->ints[0], x->shape[1], x->shape[2], &y);
    const size_t pixels = (size_t)(x->shape[1] * x->shape[2]);
    for (int64_t picture = 0; !failure && picture < x->shape[0]; picture++)
        for (size_t done = 0; done < pixels; done += ROWS) {
            const size_t rows = pixels - done < ROWS ? pixels - done : ROWS;
            const size_t first = (size_t)picture * pixels + done;
            limn_kernels->pointwise(&layer, (const uint8_t *)x->data + first * layer.inputs, rows,
                                    NULL, NULL, stored);
            limn_kernels->dequantise(stored, rows, layer.outputs, layer.zero, node->floats[0],
                                     (float *)y + (size_t)picture * pixels * layer.outputs + done,
                                     pixels);
        }
    free(stored);
    return failure;
}

typedef int convolution(const struct depthwise *, const uint8_t *, size_t, size_t, uint8_t *);

/* What two ways to convolve have in common. So many weights, and channels with their padding. */
static OrtStatus *convolve(const struct node *node, OrtKernelContext *context,
                           const struct tensor *inputs, const struct depthwise *layer,
                           size_t weights, size_t channels, convolution *way) {
    const struct tensor *x = inputs;
    const int64_t *ints = node->ints;
    const int64_t reach = (ints[0] - 1) * ints[2] + 1;
    const int64_t tall = x->shape[1] + ints[3] + ints[5], broad = x->shape[2] + ints[4] + ints[6];
    if (inputs[1].elements != weights || inputs[2].elements != channels ||
        inputs[3].elements != channels || tall < reach || broad < reach)
        return unfit(node);
    const int64_t height = (tall - reach) / ints[1] + 1, width = (broad - reach) / ints[1] + 1;
    void *y;
    CHECKED(output(node, context, x->shape[0], height, width, x->shape[3], &y));
    for (int64_t picture = 0; picture < x->shape[0]; picture++)
        if (way(layer, (const uint8_t *)x->data + picture * x->shape[1] * x->shape[2] * x->shape[3],
                (size_t)x->shape[1], (size_t)x->shape[2],
                (uint8_t *)y + picture * height * width * x->shape[3]))
            return failed(node->api, FAILED, node->kind->name, "out of memory");
    return NULL;
}

/* 0 where inputs and attributes make no convolution. */
static int read_depthwise(const struct node *node, const struct tensor *inputs,
                          struct depthwise *layer) {
    const int64_t *ints = node->ints;
    for (int place = 0; place < 7; place++)
        if (ints[place] < (place < 3) || ints[place] > 1024)
            return 0;
    if (!is_batch(inputs) || (ints[0] != 3 && ints[0] != 5))
        return 0;
    *layer = (struct depthwise){(size_t)inputs->shape[3],
                                (size_t)ints[0],
                                (size_t)ints[1],
                                (size_t)ints[2],
                                (size_t)ints[3],
                                (size_t)ints[4],
                                (size_t)ints[5],
                                (size_t)ints[6],
                                inputs[1].data,
                                inputs[2].data,
                                inputs[3].data,
                                (int32_t)ints[7],
                                (int32_t)ints[8]};
    return 1;
}

static OrtStatus *run_depthwise(const struct node *node, OrtKernelContext *context,
                                const struct tensor *inputs) {
    struct depthwise layer;
    if (!read_depthwise(node, inputs, &layer))
        return unfit(node);
    const size_t channels = limn_depthwise_blocks(&layer) * BLOCK;
    return convolve(node, context, inputs, &layer,
                    channels * limn_depthwise_groups(&layer) * GROUP, channels,
                    limn_kernels->depthwise);
}

static OrtStatus *run_depthwise_quads(const struct node *node, OrtKernelContext *context,
                                      const struct tensor *inputs) {
    struct depthwise layer;
    if (!read_depthwise(node, inputs, &layer) || layer.stride != 1)
        return unfit(node);
    const size_t channels = (layer.channels + BLOCK - 1) / BLOCK * BLOCK;
    return convolve(node, context, inputs, &layer, channels * layer.kernel * 2 * GROUP, channels,
                    limn_kernels->depthwise_quads);
}

static OrtStatus *run_upsample_add(const struct node *node, OrtKernelContext *context,
                                   const struct tensor *inputs) {
    const struct tensor *x = inputs, *other = inputs + 1;
    if (!is_batch(x))
        return unfit(node);
    const int64_t height = x->shape[1], width = x->shape[2], channels = x->shape[3];
    if (!same_shape(other, x->shape[0], 2 * height, 2 * width, channels))
        return unfit(node);
    const struct upsample layer = {(int32_t)node->ints[0],
                                   (int32_t)node->ints[1],
                                   node->floats[0],
                                   {node->floats[1], node->floats[2], node->floats[3]}};
    void *y;
    CHECKED(output(node, context, x->shape[0], 2 * height, 2 * width, channels, &y));
    const int64_t pixels = height * width * channels;
    for (int64_t picture = 0; picture < x->shape[0]; picture++)
        limn_kernels->upsample_add(&layer, (const uint8_t *)x->data + picture * pixels,
                                   (size_t)height, (size_t)width, (size_t)channels,
                                   (const uint8_t *)other->data + 4 * picture * pixels,
                                   (uint8_t *)y + 4 * picture * pixels);
    return NULL;
}

static const struct kind KINDS[] = {
    {"Blocks", {"zero"}, {"scale"}, {FLOAT}, UINT8, run_blocks},
    {"Pointwise", {"channels", "zero"}, {NULL}, {UINT8, INT8, INT32, FLOAT}, UINT8, run_pointwise},
    {"PointwiseAdd",
     {"channels", "zero"},
     {"other_factor", "factor", "offset"},
     {UINT8, INT8, INT32, FLOAT, UINT8},
     UINT8,
     run_pointwise_add},
    {"PointwiseReal",
     {"channels", "zero"},
     {"scale"},
     {UINT8, INT8, INT32, FLOAT},
     FLOAT,
     run_pointwise_real},
    {"Depthwise",
     {"kernel", "stride", "dilation", "top", "left", "bottom", "right", "x_zero", "zero"},
     {NULL},
     {UINT8, INT8, INT32, FLOAT},
     UINT8,
     run_depthwise},
    {"DepthwiseQuads",
     {"kernel", "stride", "dilation", "top", "left", "bottom", "right", "x_zero", "zero"},
     {NULL},
     {UINT8, INT8, INT32, FLOAT},
     UINT8,
     run_depthwise_quads},
    {"UpsampleAdd",
     {"x_zero", "zero"},
     {"sixteenth_factor", "factor", "other_factor", "offset"},
     {UINT8, UINT8},
     UINT8,
     run_upsample_add},
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

static size_t count_inputs(const struct operator*op) {
    size_t count = 0;
    while (count < MAX_INPUTS && op->kind->inputs[count])
        count++;
    return count;
}

static const char *name_of(const struct operator*op) { return op->kind->name; }
static const char *on_cpu(const struct operator*op) { return (void)op, NULL; }
static enum type input_type(const struct operator*op, size_t index) {
    return op->kind->inputs[index];
}
static enum type output_type(const struct operator*op, size_t index) {
    return (void)index, op->kind->output;
}
static size_t one_output(const struct operator*op) { return (void)op, 1; }
static int required(const struct operator*op, size_t index) { return (void)op, (void)index, 0; }
static int in_main_memory(const struct operator*op, size_t index) {
    return (void)op, (void)index, 0;
}
static int not_variadic(const struct operator*op) { return (void)op, 1; }
static int any_version(const struct operator*op) { return (void)op, 1; }

static OrtStatus *create(const struct operator*op, Api api, const OrtKernelInfo *info,
                         void **kernel) {
    struct node *node = calloc(1, sizeof *node);
    if (!node)
        return failed(api, FAILED, op->kind->name, "out of memory");
    node->api = api;
    node->kind = op->kind;
    OrtStatus *failure = NULL;
    for (int place = 0; !failure && place < MAX_INTS && op->kind->ints[place]; place++)
        failure = CALL(api, KERNEL_INFO_GET_ATTRIBUTE_INT64,
                       OrtStatus * (*)(const OrtKernelInfo *, const char *, int64_t *))(
            info, op->kind->ints[place], &node->ints[place]);
    for (int place = 0; !failure && place < MAX_FLOATS && op->kind->floats[place]; place++)
        failure = CALL(api, KERNEL_INFO_GET_ATTRIBUTE_FLOAT,
                       OrtStatus * (*)(const OrtKernelInfo *, const char *, float *))(
            info, op->kind->floats[place], &node->floats[place]);
    if (failure) {
        free(node);
        return failure;
    }
    *kernel = node;
    return NULL;
}

static OrtStatus *compute(void *kernel, OrtKernelContext *context) {
    const struct node *node = kernel;
    struct tensor inputs[MAX_INPUTS];
    for (size_t index = 0; index < MAX_INPUTS && node->kind->inputs[index]; index++) {
        const OrtValue *value;
        CHECKED(CALL(node->api, KERNEL_CONTEXT_GET_INPUT,
                     OrtStatus * (*)(const OrtKernelContext *, size_t, const OrtValue **))(
            context, index, &value));
        CHECKED(read_tensor(node->api, value, &inputs[index]));
    }
    return node->kind->run(node, context, inputs);
}

/* Read by every session until the process ends. */
static struct operator operators[KIND_COUNT];
static void *domain;

static OrtStatus *make_domain(Api api) {
    CHECKED(CALL(api, CREATE_CUSTOM_OP_DOMAIN, OrtStatus * (*)(const char *, void **))("limn",
                                                                                      &domain));
    for (size_t place = 0; place < KIND_COUNT; place++) {
        operators[place] = (struct operator){
            .version = API_VERSION,
            .name = name_of,
            .provider = on_cpu,
            .input_type = input_type,
            .input_count = count_inputs,
            .output_type = output_type,
            .output_count = one_output,
            .destroy = free,
            .input_characteristic = required,
            .output_characteristic = required,
            .input_memory = in_main_memory,
            .variadic_input_min_arity = not_variadic,
            .variadic_input_homogeneity = not_variadic,
            .variadic_output_min_arity = not_variadic,
            .variadic_output_homogeneity = not_variadic,
            .create_or_fail = create,
            .compute_or_fail = compute,
            .start_version = any_version,
            .end_version = any_version,
            .kind = &KINDS[place],
        };
        CHECKED(CALL(api, CUSTOM_OP_DOMAIN_ADD, OrtStatus * (*)(void *, struct operator*))(
            domain, &operators[place]));
    }
    return NULL;
}

EXPORTED OrtStatus *RegisterCustomOps(void *options, const struct OrtApiBase *base) {
    /* Models are opened by several threads. */
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    const Api api = base->get_api(API_VERSION);
    while (atomic_flag_test_and_set(&busy)) {
    }
    OrtStatus *failure = domain ? NULL : make_domain(api);
    atomic_flag_clear(&busy);
    CHECKED(failure);
    return CALL(api, ADD_CUSTOM_OP_DOMAIN, OrtStatus * (*)(void *, void *))(options, domain);
}

#endif
