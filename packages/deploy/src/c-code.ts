/** The code of a C header: what `docs/integer.md` and `docs/format.md` say, in C99, with the prefix `P_` for its names. */

/** Every header has it. */
export const C_SUPPORT = `
typedef struct {
  int32_t height, width, channels, y_height, y_width, y_channels, rows, columns;
  int32_t row_stride, column_stride, row_dilation, column_dilation, top, left;
} P_window;
`;

/** Rounding of sums: all kernels with weights use it. */
export const C_ROUNDING = `
typedef struct {
  int32_t padding, zero, low, high;
} P_rounding;

/* floor((sum * multiplier + 2^(shift - 1)) / 2^shift), then within bounds; a channel is bias, multiplier, negative multiplier, shift */
static int32_t P_rounded(int32_t products, const int32_t *channel, const P_rounding *r) {
  const int32_t sum = products + channel[0];
  const int64_t v = (int64_t)sum * channel[sum < 0 ? 2 : 1] + ((int64_t)1 << (channel[3] - 1));
  const int64_t q = r->zero + (v >= 0 ? v >> channel[3] : ~(~v >> channel[3]));
  return (int32_t)(q < r->low ? r->low : q > r->high ? r->high : q);
}

static void P_store(int8_t *y8, int32_t *y32, int32_t at, int32_t value) {
  if (y32) y32[at] = value;
  else y8[at] = (int8_t)value;
}
`;

export const C_KERNELS = {
  conv2d: `
static void P_conv2d(const P_window *w, const P_rounding *r, const int8_t *x, const int8_t *weights, const int32_t *channels, int8_t *y8, int32_t *y32) {
  const int32_t taps = w->rows * w->columns * w->channels;
  int32_t at = 0;
  for (int32_t i = 0; i < w->y_height; i++) {
    for (int32_t j = 0; j < w->y_width; j++) {
      for (int32_t c = 0; c < w->y_channels; c++, at++) {
        const int8_t *weight = weights + c * taps;
        int32_t sum = 0;
        for (int32_t k = 0; k < w->rows; k++) {
          const int32_t row = i * w->row_stride - w->top + k * w->row_dilation;
          for (int32_t l = 0; l < w->columns; l++, weight += w->channels) {
            const int32_t column = j * w->column_stride - w->left + l * w->column_dilation;
            if (row >= 0 && row < w->height && column >= 0 && column < w->width) {
              const int8_t *from = x + (row * w->width + column) * w->channels;
              for (int32_t d = 0; d < w->channels; d++) sum += from[d] * weight[d];
            } else {
              for (int32_t d = 0; d < w->channels; d++) sum += r->padding * weight[d];
            }
          }
        }
        P_store(y8, y32, at, P_rounded(sum, channels + 4 * c, r));
      }
    }
  }
}
`,
  conv2dTranspose: `
static void P_conv2dTranspose(const P_window *w, const P_rounding *r, const int8_t *x, const int8_t *weights, const int32_t *channels, int8_t *y8, int32_t *y32) {
  const int32_t taps = w->rows * w->columns * w->channels;
  int32_t at = 0;
  for (int32_t i = 0; i < w->y_height; i++) {
    for (int32_t j = 0; j < w->y_width; j++) {
      for (int32_t c = 0; c < w->y_channels; c++, at++) {
        const int8_t *weight = weights + c * taps;
        int32_t sum = 0;
        for (int32_t k = 0; k < w->rows; k++) {
          const int32_t row = i + w->top - k * w->row_dilation;
          for (int32_t l = 0; l < w->columns; l++, weight += w->channels) {
            const int32_t column = j + w->left - l * w->column_dilation;
            const int between = row % w->row_stride != 0 || column % w->column_stride != 0;
            const int32_t m = row / w->row_stride, n = column / w->column_stride;
            if (!between && row >= 0 && m < w->height && column >= 0 && n < w->width) {
              const int8_t *from = x + (m * w->width + n) * w->channels;
              for (int32_t d = 0; d < w->channels; d++) sum += from[d] * weight[d];
            } else {
              for (int32_t d = 0; d < w->channels; d++) sum += r->padding * weight[d];
            }
          }
        }
        P_store(y8, y32, at, P_rounded(sum, channels + 4 * c, r));
      }
    }
  }
}
`,
  depthwise: `
static void P_depthwise(const P_window *w, const P_rounding *r, const int8_t *x, const int8_t *weights, const int32_t *channels, int8_t *y8, int32_t *y32) {
  const int32_t times = w->y_channels / w->channels;
  int32_t at = 0;
  for (int32_t i = 0; i < w->y_height; i++) {
    for (int32_t j = 0; j < w->y_width; j++) {
      for (int32_t c = 0; c < w->y_channels; c++, at++) {
        const int8_t *weight = weights + c;
        int32_t sum = 0;
        for (int32_t k = 0; k < w->rows; k++) {
          const int32_t row = i * w->row_stride - w->top + k * w->row_dilation;
          for (int32_t l = 0; l < w->columns; l++, weight += w->y_channels) {
            const int32_t column = j * w->column_stride - w->left + l * w->column_dilation;
            const int inside = row >= 0 && row < w->height && column >= 0 && column < w->width;
            sum += (inside ? x[(row * w->width + column) * w->channels + c / times] : r->padding) * *weight;
          }
        }
        P_store(y8, y32, at, P_rounded(sum, channels + 4 * c, r));
      }
    }
  }
}
`,
  maxPool: `
static void P_max_pool(const P_window *w, const int8_t *x, int8_t *y) {
  for (int32_t i = 0; i < w->y_height; i++) {
    for (int32_t j = 0; j < w->y_width; j++) {
      for (int32_t c = 0; c < w->channels; c++) {
        int8_t most = -128;
        for (int32_t k = 0; k < w->rows; k++) {
          const int32_t row = i * w->row_stride - w->top + k * w->row_dilation;
          for (int32_t l = 0; l < w->columns; l++) {
            const int32_t column = j * w->column_stride - w->left + l * w->column_dilation;
            if (row < 0 || row >= w->height || column < 0 || column >= w->width) continue;
            if (x[(row * w->width + column) * w->channels + c] > most) most = x[(row * w->width + column) * w->channels + c];
          }
        }
        *y++ = most;
      }
    }
  }
}
`,
  lookup: `
static void P_lookup(const int8_t *x, const int8_t *table, int32_t length, int8_t *y) {
  for (int32_t i = 0; i < length; i++) y[i] = table[x[i] + 128];
}
`,
} as const;

/** Samples to int8: of a float, of a byte. */
export const C_SAMPLES = `
/* x / scale to the nearest integer, halves to the even one, plus the zero point, within int8; 0 where the number is not finite */
static int P_quantise(float feature, int8_t *q) {
  double v = (double)feature / P_INPUT_SCALE;
  if (!(feature - feature == 0.0f)) return 0;
  v = v < -1e6 ? -1e6 : v > 1e6 ? 1e6 : v;
  int32_t whole = (int32_t)v;
  if (whole > v) whole--;
  const double rest = v - whole;
  if (rest > 0.5 || (rest == 0.5 && (whole & 1))) whole++;
  whole += P_INPUT_ZERO;
  *q = (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
  return 1;
}
`;

export const C_WITHOUT_UNITS = `
static int P_sample(float x, uint32_t i, int8_t *q) {
  (void)i;
  return P_quantise(x, q);
}

static int P_byte(uint8_t byte, uint32_t i, int8_t *q) {
  (void)i;
  *q = P_of_bytes[byte];
  return 1;
}
`;

export const C_WITH_UNITS = `
static int P_measured(double x, uint32_t i, int8_t *q) {
  const uint32_t unit = P_UNITS == 1 ? 0 : i;
  if (P_FILLS && x != x) x = P_fills[unit];
  if (P_scales[unit] == 0 && x - x == 0) return P_quantise(0.0f, q);
  return P_quantise((float)((x - P_offsets[unit]) / P_scales[unit]), q);
}

static int P_sample(float x, uint32_t i, int8_t *q) {
  return P_measured((double)x, i, q);
}

static int P_byte(uint8_t byte, uint32_t i, int8_t *q) {
  return P_measured((double)byte, i, q);
}
`;

/** rANS, raw integers, CRC32C, the frame. */
export const C_FRAME = `
static uint32_t P_x;
static uint32_t P_count;
static uint16_t P_words[5 * P_MAX_ITEMS * P_DIMS];
static int32_t P_symbols[P_MAX_ITEMS * P_DIMS];

static void P_emit_above(int above) {
  if (!above) return;
  P_words[P_count++] = (uint16_t)(P_x & 0xffff);
  P_x >>= 16;
}

static void P_push_bits(uint32_t value, int count) {
  P_emit_above(count > 0 && (P_x >> (32 - count)) != 0);
  P_x = (P_x << count) + value;
}

/* u is how far a symbol lies outside its table */
static void P_push_escaped(uint32_t u, uint32_t below) {
  int n = 31;
  while (!(u >> n)) n--;
  const uint32_t rest = u - ((uint32_t)1 << n);
  P_push_bits(rest & 0xffff, n < 16 ? n : 16);
  if (n > 16) P_push_bits(rest >> 16, n - 16);
  P_push_bits(1, 1);
  for (int i = 0; i < n; i++) P_push_bits(0, 1);
  P_push_bits(below, 1);
}

static void P_push(int32_t symbol, const P_table *t) {
  const uint32_t index = (uint32_t)symbol - (uint32_t)t->minimum;
  uint32_t i = t->escape;
  if (symbol >= t->minimum && index < t->escape) i = index;
  else if (symbol < t->minimum) P_push_escaped((uint32_t)t->minimum - (uint32_t)symbol, 1);
  else P_push_escaped(index - t->escape + 1, 0);
  const uint32_t start = t->starts[i];
  const uint32_t f = (i == t->escape ? (uint32_t)1 << t->precision : t->starts[i + 1]) - start;
  P_emit_above((P_x >> (32 - t->precision)) >= f);
  P_x = ((P_x / f) << t->precision) + P_x % f + start;
}

static uint32_t P_crc(const uint8_t *bytes, size_t length, uint32_t previous) {
  uint32_t crc = ~previous;
  for (size_t i = 0; i < length; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

static uint8_t *P_u32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) *to++ = (uint8_t)(value >> (8 * i));
  return to;
}

/* seven bits in each byte */
static uint8_t *P_number(uint8_t *to, uint32_t value) {
  for (; value > 0x7f; value >>= 7) *to++ = (uint8_t)((value & 0x7f) | 0x80);
  *to++ = (uint8_t)value;
  return to;
}

/* a field: its type, its length, a number */
static uint8_t *P_field(uint8_t *to, uint8_t type, uint32_t value) {
  uint8_t *const end = P_number(to + 2, value);
  to[0] = type;
  to[1] = (uint8_t)(end - to - 2);
  return end;
}

/* what coding the symbols left: by rANS, or as integers of one width where that is shorter */
typedef struct {
  uint32_t count, state, width, length;
  int learned;
} P_payload;

static P_payload P_code(uint32_t items) {
  P_payload p = {items * P_DIMS, 0, 1, 0, 0};
  uint32_t used = 0;
  P_x = 0x10000;
  P_count = 0;
  for (uint32_t i = p.count; i > 0; i--) P_push(P_symbols[i - 1], &P_tables[(i - 1) % P_CHANNELS]);
  for (uint32_t i = 0; i < p.count; i++) used |= (uint32_t)P_symbols[i] ^ (P_symbols[i] < 0 ? 0xffffffffu : 0);
  for (; used; used >>= 1) p.width++;
  p.state = P_x < ((uint32_t)1 << 24) ? 3 : 4;
  const uint32_t learned = p.state + 2 * P_count, raw = 1 + (p.count * p.width + 7) / 8;
  p.learned = learned <= raw;
  p.length = p.learned ? learned : raw;
  return p;
}

static void P_write_payload(const P_payload *p, uint8_t *to) {
  if (p->learned) {
    for (uint32_t i = 0; i < p->state; i++) *to++ = (uint8_t)(P_x >> (8 * i));
    for (uint32_t i = P_count; i > 0; i--) {
      *to++ = (uint8_t)(P_words[i - 1] & 0xff);
      *to++ = (uint8_t)(P_words[i - 1] >> 8);
    }
  } else {
    for (uint32_t i = 0; i < p->length; i++) to[i] = 0;
    to[0] = (uint8_t)p->width;
    for (uint32_t i = 0, at = 8; i < p->count; i++) {
      for (uint32_t bit = 0; bit < p->width; bit++, at++) to[at >> 3] |= (uint8_t)((((uint32_t)P_symbols[i] >> bit) & 1) << (at & 7));
    }
  }
}

static size_t P_write_frame(uint32_t items, uint8_t *into, size_t capacity) {
  const P_payload p = P_code(items);
  uint8_t head[24 + 14];
  uint8_t *end = head + 24;
  for (int i = 0; i < 14; i++) head[i] = P_head[i];
  if (!p.learned) head[3] |= 1 << 2;
  end = P_field(end, 1, items);
  end = P_field(end, 2, P_DIMS);
  const size_t fields = (size_t)(end - head) - 24;
  head[14] = (uint8_t)fields;
  head[15] = 0;
  P_u32(head + 16, p.length);
  if (capacity < 24 + fields + p.length) return 0;
  for (size_t i = 0; i < 24 + fields; i++) into[i] = head[i];
  P_write_payload(&p, into + 24 + fields);
  P_u32(into + 20, P_crc(into + 24, fields + p.length, P_crc(into, 20, 0)));
  return 24 + fields + p.length;
}
`;

/** The functions that are called from outside, but for the type of a sample: frames, and messages of sessions. */
export const C_ENCODE = `
static int P_infer_TYPE(const TYPE *samples, uint32_t items) {
  if (items == 0 || items > P_MAX_ITEMS) return 0;
  for (uint32_t item = 0; item < items; item++) {
    for (uint32_t i = 0; i < P_SAMPLES; i++) {
      if (!READ(samples[item * P_SAMPLES + i], i, P_INPUT + i)) return 0;
    }
    P_run();
    for (uint32_t i = 0; i < P_DIMS; i++) P_symbols[item * P_DIMS + i] = P_OUTPUT[i];
  }
  return 1;
}

size_t P_encodeSUFFIX(const TYPE *samples, uint32_t items, uint8_t *into, size_t capacity) {
  return P_infer_TYPE(samples, items) ? P_write_frame(items, into, capacity) : 0;
}

#ifdef P_SESSIONS
uint32_t P_session_encodeSUFFIX(P_session *session, const TYPE *samples, uint32_t items) {
  session->packets = session->next = 0;
  return P_infer_TYPE(samples, items) ? P_write_message(session, items) : 0;
}
#endif
`;

/** What sessions declare. */
export const C_SESSION_TYPES = `
/*
 * Packets for links that carry some fifty bytes at a time, with P_SESSIONS defined. P_session_open begins a session, 1 to 255, with the sequence of its first packet, the most bytes of a packet (40 or more; 51 is what
 * LoRaWAN carries at its slowest in Europe) and whether a message in fragments gets a packet of parity; it returns 0 where one of these is out of range. Send P_session_hello first, and now and then again.
 * P_session_encode makes a message and returns how many packets it has, or 0: as P_encode, or more than 255 fragments. P_session_packet gives one after the other and returns their lengths, 0 behind the last one or where
 * the capacity is below max_packet_bytes. The message lies in memory that all sessions share: take its packets before the next one is encoded.
 */
#ifdef P_SESSIONS
typedef struct {
  uint32_t max_packet_bytes, length, packets, next;
  uint16_t sequence, first;
  uint8_t id, parity, coding;
} P_session;

int P_session_open(P_session *session, uint8_t id, uint16_t sequence, uint32_t max_packet_bytes, int parity);
size_t P_session_hello(P_session *session, uint8_t *into, size_t capacity);
uint32_t P_session_encode(P_session *session, const float *samples, uint32_t items);
uint32_t P_session_encode_bytes(P_session *session, const uint8_t *samples, uint32_t items);
size_t P_session_packet(P_session *session, uint8_t *into, size_t capacity);
#endif
`;

/** Messages and their packets. */
export const C_SESSIONS = `
#ifdef P_SESSIONS
static uint8_t P_message[8 + 4 * P_MAX_ITEMS * P_DIMS];

static uint16_t P_crc16(const uint8_t *bytes, size_t length, uint16_t previous) {
  uint32_t crc = previous;
  for (size_t i = 0; i < length; i++) {
    crc ^= (uint32_t)bytes[i] << 8;
    for (int bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021u : 0);
    crc &= 0xffff;
  }
  return (uint16_t)crc;
}

static void P_u16(uint8_t *to, uint32_t value) {
  to[0] = (uint8_t)(value & 0xff);
  to[1] = (uint8_t)((value >> 8) & 0xff);
}

/* the header of a packet whose body is there; its length */
static size_t P_close_packet(uint8_t *packet, uint32_t kind, const P_session *session, uint16_t sequence, uint32_t body) {
  packet[0] = (uint8_t)(1 << 4 | kind);
  packet[1] = session->id;
  P_u16(packet + 2, sequence);
  P_u16(packet + 4, body);
  P_u16(packet + 6, P_crc16(packet + 8, body, P_crc16(packet, 6, 0xffff)));
  return 8 + body;
}

int P_session_open(P_session *session, uint8_t id, uint16_t sequence, uint32_t max_packet_bytes, int parity) {
  if (id == 0 || max_packet_bytes < 40 || max_packet_bytes > 8 + 0xffff) return 0;
  session->max_packet_bytes = max_packet_bytes;
  session->packets = session->next = session->length = 0;
  session->sequence = session->first = sequence;
  session->id = id;
  session->parity = parity != 0;
  session->coding = 0;
  return 1;
}

size_t P_session_hello(P_session *session, uint8_t *into, size_t capacity) {
  if (capacity < 8 + sizeof P_hello) return 0;
  for (size_t i = 0; i < sizeof P_hello; i++) into[8 + i] = P_hello[i];
  return P_close_packet(into, 3, session, session->sequence++, sizeof P_hello);
}

/* how many bytes of a message a fragment carries */
static uint32_t P_chunk(const P_session *session) {
  return session->max_packet_bytes - 8 - (session->parity ? 4 : 2);
}

static uint32_t P_write_message(P_session *session, uint32_t items) {
  const P_payload p = P_code(items);
  uint8_t *const payload = P_number(P_message, items);
  P_write_payload(&p, payload);
  session->length = (uint32_t)(payload - P_message) + p.length;
  session->coding = p.learned ? 0 : 1;
  session->first = session->sequence;
  const uint32_t chunk = P_chunk(session), fragments = (session->length + chunk - 1) / chunk;
  if (8 + session->length <= session->max_packet_bytes) session->packets = 1;
  else if (fragments > 255) return 0;
  else session->packets = fragments + session->parity;
  session->sequence = (uint16_t)(session->sequence + session->packets);
  return session->packets;
}

size_t P_session_packet(P_session *session, uint8_t *into, size_t capacity) {
  if (session->next == session->packets || capacity < session->max_packet_bytes) return 0;
  const uint32_t i = session->next++, chunk = P_chunk(session), kind = (uint32_t)session->coding << 2;
  const uint16_t sequence = (uint16_t)(session->first + i);
  uint8_t *const body = into + 8;
  if (session->packets == 1) {
    for (uint32_t k = 0; k < session->length; k++) body[k] = P_message[k];
    return P_close_packet(into, kind, session, sequence, session->length);
  }
  const uint32_t fragments = session->packets - session->parity, last = session->length - (fragments - 1) * chunk;
  body[0] = (uint8_t)i;
  body[1] = (uint8_t)fragments;
  if (i < fragments) {
    const uint32_t length = i + 1 < fragments ? chunk : last;
    for (uint32_t k = 0; k < length; k++) body[2 + k] = P_message[i * chunk + k];
    return P_close_packet(into, kind | 1, session, sequence, 2 + length);
  }
  P_u16(body + 2, last);
  for (uint32_t k = 0; k < chunk; k++) body[4 + k] = 0;
  for (uint32_t k = 0; k < session->length; k++) body[4 + k % chunk] ^= P_message[k];
  return P_close_packet(into, kind | 2, session, sequence, 4 + chunk);
}
#endif
`;
