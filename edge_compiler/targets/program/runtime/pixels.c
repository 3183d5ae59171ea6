/* pixels.c - what the bytes of a camera frame mean.
 *
 * YUV is BT.601's, limited range, in fixed-point numbers, and rounded to bytes: at most one off. A Bayer pattern's missing colours are the means of the nearest
 * pixels that have them, rounded half up; a pixel at the edge is like its neighbour inside. OpenCV has the same rules.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pixels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

static const edge_pixel_format formats[] = {
    [EDGE_RGB8] = {.name = "rgb8", .bytes = 3, .channels = 3, .least = 1},
    [EDGE_BGR8] = {.name = "bgr8", .bytes = 3, .channels = 3, .bgr = 1, .least = 1},
    [EDGE_RGBA8] = {.name = "rgba8", .bytes = 4, .channels = 4, .least = 1},
    [EDGE_BGRA8] = {.name = "bgra8", .bytes = 4, .channels = 4, .bgr = 1, .least = 1},
    [EDGE_MONO8] = {.name = "mono8", .bytes = 1, .channels = 1, .least = 1},
    [EDGE_YUYV] = {.name = "yuyv", .bytes = 2, .channels = 4, .converted = 1, .even = 1, .least = 1},
    [EDGE_MONO16] = {.name = "mono16", .bytes = 2, .channels = 1, .least = 1},
    [EDGE_UYVY] = {.name = "uyvy", .bytes = 2, .channels = 4, .converted = 1, .even = 1, .least = 1},
    [EDGE_NV12] = {.name = "nv12", .bytes = 1, .channels = 4, .converted = 1, .even = 1, .planar = 1, .least = 1},
    [EDGE_NV21] = {.name = "nv21", .bytes = 1, .channels = 4, .converted = 1, .even = 1, .planar = 1, .least = 1},
    [EDGE_BAYER_RGGB8] = {.name = "bayer_rggb8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_BGGR8] = {.name = "bayer_bggr8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_GBRG8] = {.name = "bayer_gbrg8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
    [EDGE_BAYER_GRBG8] = {.name = "bayer_grbg8", .bytes = 1, .channels = 4, .converted = 1, .least = 3},
};

uint32_t edge_pixels_encodings(void) { return sizeof formats / sizeof *formats; }

const edge_pixel_format *edge_pixels_format(uint32_t encoding)
{
    return encoding < edge_pixels_encodings() ? &formats[encoding] : NULL;
}

enum { CHUNK = EDGE_PIXELS_AT_ONCE }; /* few enough for the first-level cache, all arrays together */

/* The bytes of pixels side by side; those that two neighbours share stand in both places of a pair. */
typedef union lane {
    int16_t pixels[CHUNK];
    uint32_t pairs[CHUNK / 2];
} lane;

typedef struct yuv {
    lane y, u, v;
} yuv;

typedef struct rgb {
    uint16_t red[CHUNK], green[CHUNK], blue[CHUNK];
} rgb;

/* The low half of a product, of 16 bits as a vector of the oldest processors multiplies them: here it is all of it. */
INLINE int16_t times(int16_t value, int16_t factor) { return (int16_t)(value * factor); }

INLINE uint16_t byte(int16_t in_32nds)
{
    const int16_t rounded = (int16_t)((int16_t)(in_32nds + 16) >> 5);
    const int16_t least = rounded < 0 ? 0 : rounded;
    return (uint16_t)(least > 255 ? 255 : least);
}

/* Each factor is split into a power of two and a rest so small that 16 bits hold its product with more binary places. */
INLINE void convert_yuv(int16_t y_byte, int16_t u_byte, int16_t v_byte, uint16_t *red, uint16_t *green, uint16_t *blue)
{
    const int16_t y = (int16_t)(y_byte - 16), u = (int16_t)(u_byte - 128), v = (int16_t)(v_byte - 128);
    const int16_t grey = (int16_t)(times(y, 32) + (times(y, 84) >> 4));    /* 1.164383 = 1 + 84.16 / 512 */
    const int16_t to_red = (int16_t)(times(v, 64) - (times(v, 207) >> 4)); /* 1.596027 = 2 - 206.83 / 512 */
    const int16_t from_u = (int16_t)(times(u, 201) >> 4),
                  from_v = (int16_t)(times(v, 208) >> 3);                  /* 0.391762, 0.812968 */
    const int16_t to_blue = (int16_t)(times(u, 64) + (times(u, 35) >> 6)); /* 2.017232 = 2 + 35.3 / 2048 */
    *red = byte((int16_t)(grey + to_red));
    *green = byte((int16_t)(grey - from_u - from_v));
    *blue = byte((int16_t)(grey + to_blue));
}

INLINE uint32_t word_of(uint16_t red, uint16_t green, uint16_t blue)
{
    return (uint32_t)(red | green << 8) | (uint32_t)blue << 16;
}

static void store(const rgb *in, uint32_t count, uint32_t *restrict rgba)
{
    for (uint32_t i = 0; i < count; i++) rgba[i] = word_of(in->red[i], in->green[i], in->blue[i]);
}

static void store_yuv(const yuv *in, uint32_t count, uint32_t *restrict rgba)
{
    rgb out;
    for (uint32_t i = 0; i < count; i++)
        convert_yuv(in->y.pixels[i], in->u.pixels[i], in->v.pixels[i], &out.red[i], &out.green[i], &out.blue[i]);
    store(&out, count, rgba);
}

INLINE uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

INLINE uint32_t twice(uint32_t byte) { return byte | byte << 16; }

/* A row of words that hold two pixels each; the shifts say where in a word. */
INLINE void convert_packed(const uint8_t *row, uint32_t width, uint32_t *rgba, int y_shift, int u_shift, int v_shift)
{
    for (uint32_t x = 0; x < width; x += CHUNK) {
        const uint32_t count = smaller(width - x, CHUNK);
        yuv in;
        for (uint32_t i = 0; i < count / 2; i++) {
            uint32_t word; /* the first byte is the lowest: all supported processors are little-endian */
            memcpy(&word, row + 2 * x + 4 * i, sizeof word);
            in.y.pairs[i] = word >> y_shift & 0xff00ff;
            in.u.pairs[i] = twice(word >> u_shift & 255);
            in.v.pairs[i] = twice(word >> v_shift & 255);
        }
        store_yuv(&in, count, rgba + x);
    }
}

INLINE void convert_planar(const uint8_t *row, const uint8_t *colours, uint32_t width, uint32_t *rgba, int u_shift,
                           int v_shift)
{
    for (uint32_t x = 0; x < width; x += CHUNK) {
        const uint32_t count = smaller(width - x, CHUNK);
        yuv in;
        for (uint32_t i = 0; i < count; i++) in.y.pixels[i] = row[x + i];
        for (uint32_t i = 0; i < count / 2; i++) {
            uint16_t pair;
            memcpy(&pair, colours + x + 2 * i, sizeof pair);
            in.u.pairs[i] = twice((uint32_t)(pair >> u_shift & 255));
            in.v.pairs[i] = twice((uint32_t)(pair >> v_shift & 255));
        }
        store_yuv(&in, count, rgba + x);
    }
}

/* Row `y / 2` of the colours that follow the picture. */
static const uint8_t *colours_of(const edge_frame *frame, uint32_t y)
{
    return frame->data + (frame->height + y / 2) * frame->stride;
}

INLINE uint32_t clamp(uint32_t position, uint32_t least, uint32_t most)
{
    return position < least ? least : position > most ? most : position;
}

/* The pixel in the middle of a pattern with neighbours on all sides; `odd_x`, `odd_y`: is it beside, below a red one? */
INLINE void demosaic(const uint8_t *at, size_t stride, int odd_x, int odd_y, uint16_t *red, uint16_t *green,
                     uint16_t *blue)
{
    const uint8_t *above = at - stride, *below = at + stride;
    const uint16_t horizontal = (uint16_t)(at[-1] + at[1]), vertical = (uint16_t)(above[0] + below[0]);
    const uint16_t diagonal = (uint16_t)(above[-1] + above[1] + below[-1] + below[1]);
    /* a red or blue pixel, and a green one */
    const uint16_t opposite = (uint16_t)((diagonal + 2) >> 2), around = (uint16_t)((horizontal + vertical + 2) >> 2);
    const uint16_t beside = (uint16_t)((horizontal + 1) >> 1), over = (uint16_t)((vertical + 1) >> 1);
    const int is_green = odd_x != odd_y;
    *green = is_green ? at[0] : around;
    *red = is_green ? (odd_y ? over : beside) : (odd_x ? opposite : at[0]);
    *blue = is_green ? (odd_y ? beside : over) : (odd_x ? at[0] : opposite);
}

/* Whether the red pixels are in the odd columns, and in the odd rows. */
INLINE uint32_t red_column(const edge_frame *frame)
{
    return frame->encoding == EDGE_BAYER_BGGR8 || frame->encoding == EDGE_BAYER_GRBG8;
}

INLINE uint32_t red_row(const edge_frame *frame)
{
    return frame->encoding == EDGE_BAYER_BGGR8 || frame->encoding == EDGE_BAYER_GBRG8;
}

static uint32_t bayer_pixel(const edge_frame *frame, uint32_t x, uint32_t y)
{
    x = clamp(x, 1, frame->width - 2);
    y = clamp(y, 1, frame->height - 2);
    uint16_t red, green, blue;
    demosaic(frame->data + y * frame->stride + x, frame->stride, (x ^ red_column(frame)) & 1, (y ^ red_row(frame)) & 1,
             &red, &green, &blue);
    return word_of(red, green, blue);
}

/* `count` pixels with neighbours on all sides; `odd_x`: of the first one. */
INLINE void convert_bayer(const uint8_t *row, size_t stride, uint32_t count, uint32_t *rgba, int odd_x, int odd_y)
{
    for (uint32_t x = 0; x < count; x += CHUNK) {
        rgb out;
        const uint32_t some = smaller(count - x, CHUNK);
        for (uint32_t i = 0; i < some; i++)
            demosaic(row + x + i, stride, (odd_x ^ (int)i) & 1, odd_y, &out.red[i], &out.green[i], &out.blue[i]);
        store(&out, some, rgba + x);
    }
}

static void convert_bayer_row(const edge_frame *frame, uint32_t y, uint32_t from, uint32_t to, uint32_t *rgba)
{
    /* those with neighbours on both sides */
    const uint32_t first = from < 1 ? 1 : from, last = to > frame->width - 1 ? frame->width - 1 : to;
    const uint32_t inside = clamp(y, 1, frame->height - 2);
    const uint8_t *row = frame->data + inside * frame->stride + first;
    const int odd_x = (first ^ red_column(frame)) & 1, odd_y = (inside ^ red_row(frame)) & 1;
    if (first < last && odd_y)
        convert_bayer(row, frame->stride, last - first, rgba + (first - from), odd_x, 1);
    else if (first < last)
        convert_bayer(row, frame->stride, last - first, rgba + (first - from), odd_x, 0);
    if (from < first)
        rgba[0] = bayer_pixel(frame, from, y);
    if (to > last)
        rgba[to - 1 - from] = bayer_pixel(frame, to - 1, y);
}

void edge_pixels_convert_row(const edge_frame *frame, uint32_t y, uint32_t from, uint32_t to, uint32_t *rgba)
{
    const uint8_t *row = frame->data + y * frame->stride;
    const uint32_t count = to - from;
    switch (frame->encoding) {
    case EDGE_YUYV: convert_packed(row + 2 * from, count, rgba, 0, 8, 24); break;
    case EDGE_UYVY: convert_packed(row + 2 * from, count, rgba, 8, 0, 16); break;
    case EDGE_NV12: convert_planar(row + from, colours_of(frame, y) + from, count, rgba, 0, 8); break;
    case EDGE_NV21: convert_planar(row + from, colours_of(frame, y) + from, count, rgba, 8, 0); break;
    default: convert_bayer_row(frame, y, from, to, rgba);
    }
}

/* Where the bytes are: Y's in a pixel, those of U and V in the pair that shares them. */
INLINE void gather_packed(const edge_frame *frame, const uint32_t *x, const uint32_t *y, uint32_t count, yuv *in,
                          int y_byte, int u_byte, int v_byte)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *row = frame->data + y[i] * frame->stride, *pair = row + 2 * (x[i] & ~1u);
        in->y.pixels[i] = row[2 * x[i] + (uint32_t)y_byte];
        in->u.pixels[i] = pair[u_byte];
        in->v.pixels[i] = pair[v_byte];
    }
}

INLINE void gather_planar(const edge_frame *frame, const uint32_t *x, const uint32_t *y, uint32_t count, yuv *in,
                          int u_byte, int v_byte)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *pair = colours_of(frame, y[i]) + (x[i] & ~1u);
        in->y.pixels[i] = frame->data[y[i] * frame->stride + x[i]];
        in->u.pixels[i] = pair[u_byte];
        in->v.pixels[i] = pair[v_byte];
    }
}

void edge_pixels_gather(const edge_frame *frame, const uint32_t *x, const uint32_t *y, uint32_t count, uint32_t *rgba)
{
    yuv in;
    switch (frame->encoding) {
    case EDGE_YUYV: gather_packed(frame, x, y, count, &in, 0, 1, 3); break;
    case EDGE_UYVY: gather_packed(frame, x, y, count, &in, 1, 0, 2); break;
    case EDGE_NV12: gather_planar(frame, x, y, count, &in, 0, 1); break;
    case EDGE_NV21: gather_planar(frame, x, y, count, &in, 1, 0); break;
    default:
        for (uint32_t i = 0; i < count; i++) rgba[i] = bayer_pixel(frame, x[i], y[i]);
        return;
    }
    store_yuv(&in, count, rgba);
}
