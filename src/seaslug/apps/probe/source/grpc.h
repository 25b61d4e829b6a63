/* The gRPC health protocol: one call of grpc.health.v1.Health/Check over HTTP/2 without TLS.
 *
 * Written after RFC 9113 (frames), RFC 7541 (headers), and gRPC's "HTTP2 protocol" and
 * "Health checking protocol".
 */

enum { FRAME_MAX = 16384, BLOCK_MAX = 65536, MESSAGE_MAX = 4096, SERVICE_MAX = 1000 };
enum { DATA_FRAME, HEADERS_FRAME, RESET = 3, SETTINGS, PUSH, PING, GOAWAY, CONTINUATION = 9 };
enum { ACK = 1, END_STREAM = 1, END_HEADERS = 4, PADDED = 8, PRIORITY = 32 };

/* The one stream that there is: the header block being received, the message, and the statuses. */
static struct {
  uint8_t frame[FRAME_MAX], block[BLOCK_MAX], message[MESSAGE_MAX];
  size_t block_size, message_size;
  int http_status, grpc_status;
  bool over;
} stream;

static uint32_t big_endian(const uint8_t *bytes, int count) {
  uint32_t value = 0;
  while (count--)
    value = value << 8 | *bytes++;
  return value;
}

/* Add a header of a frame at *to*; return the place behind it. */
static uint8_t *frame_header(uint8_t *to, size_t size, int kind, int flags, int id) {
  const uint8_t header[9] = {0, (uint8_t)(size >> 8), (uint8_t)size, (uint8_t)kind,
                             (uint8_t)flags, 0, 0, 0, (uint8_t)id};
  memcpy(to, header, 9);
  return to + 9;
}

static uint8_t *string(uint8_t *to, const char *text, size_t size) {
  *to++ = (uint8_t)size;
  memcpy(to, text, size);
  return to + size;
}

/* The headers of the call, without the compression table and Huffman codes. */
static uint8_t *call_headers(uint8_t *to, const char *authority, const char *timeout) {
  size_t size = length(authority);
  *to++ = 0x83; /* :method: POST */
  *to++ = 0x86; /* :scheme: http */
  *to++ = 0x04; /* :path */
  to = string(to, "/grpc.health.v1.Health/Check", 28);
  *to++ = 0x01; /* :authority */
  to = string(to, authority, size);
  *to++ = 0x00;
  to = string(to, "te", 2);
  to = string(to, "trailers", 8);
  *to++ = 0x00;
  to = string(to, "grpc-timeout", 12);
  to = string(to, timeout, length(timeout));
  *to++ = 0x0f; /* content-type */
  *to++ = 0x10;
  to = string(to, "application/grpc", 16);
  *to++ = 0x0f; /* user-agent */
  *to++ = 0x2b;
  return string(to, "seaslug-probe", 13);
}

/* The message HealthCheckRequest, with the service's name if it has one, and the frame around. */
static uint8_t *call_message(uint8_t *to, const char *service) {
  size_t size = length(service), head = size == 0 ? 0 : size < 128 ? 2 : 3, whole = head + size;
  const uint8_t prefix[5] = {0, 0, 0, (uint8_t)(whole >> 8), (uint8_t)whole};
  to = frame_header(to, 5 + whole, DATA_FRAME, END_STREAM, 1);
  memcpy(to, prefix, 5);
  to += 5;
  if (size)
    *to++ = 0x0a;
  if (size >= 128) {
    *to++ = (uint8_t)(size | 128);
    *to++ = (uint8_t)(size >> 7);
  } else if (size) {
    *to++ = (uint8_t)size;
  }
  memcpy(to, service, size);
  return to + size;
}

static void send_call(int socket, const char *authority, const char *service, const char *timeout) {
  static uint8_t bytes[SERVICE_MAX + 512];
  static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  uint8_t *to = bytes;
  memcpy(to, preface, 24);
  to = frame_header(to + 24, 6, SETTINGS, 0, 0);
  memcpy(to, "\0\2\0\0\0\0", 6); /* ENABLE_PUSH: 0 */
  to += 6;
  uint8_t *end = call_headers(to + 9, authority, timeout);
  frame_header(to, (size_t)(end - to) - 9, HEADERS_FRAME, END_HEADERS, 1);
  end = call_message(end, service);
  send_all(socket, bytes, (size_t)(end - bytes));
}

static void receive_all(int socket, uint8_t *to, size_t size) {
  while (size) {
    long got = receive(socket, to, size, remaining());
    if (got <= 0)
      failed("no answer: ", got ? reason(got) : "connection closed", (char *)0);
    to += got;
    size -= (size_t)got;
  }
}

/* An integer of HPACK whose first byte has *bits* of it; *at* is set behind it, or to 0 if bad. */
static size_t integer(const uint8_t **at, const uint8_t *end, int bits) {
  size_t mask = ((size_t)1 << bits) - 1, value = **at & mask;
  (*at)++;
  for (int shift = 0; value >= mask || shift; shift += 7) {
    if (*at >= end || shift > 14) {
      *at = 0;
      return 0;
    }
    value += (size_t)(**at & 127) << shift;
    if (!(*(*at)++ & 128))
      break;
  }
  return value;
}

/* A text in a header block: its bytes, and whether they are Huffman codes. */
struct piece {
  const uint8_t *bytes;
  size_t size;
  bool packed;
};

static struct piece piece(const uint8_t **at, const uint8_t *end) {
  struct piece found = {0, 0, false};
  if (*at >= end) {
    *at = 0;
    return found;
  }
  found.packed = **at & 128;
  found.size = integer(at, end, 7);
  if (*at && found.size > (size_t)(end - *at))
    *at = 0;
  if (*at) {
    found.bytes = *at;
    *at += found.size;
  }
  return found;
}

static bool is(struct piece piece, const char *plain, const char *packed) {
  const char *text = piece.packed ? packed : plain;
  return piece.size == length(text) && same(piece.bytes, text, piece.size);
}

/* The number in a header's value, or -1. Of the Huffman codes only those of digits are needed:
 * 0 to 2 have five bits, 00000 to 00010, and 3 to 9 have six, 011001 to 011111. */
static int value_of(struct piece piece) {
  int value = 0;
  uint32_t bits = 0, count = 0;
  if (piece.size == 0 || piece.size > 4)
    return -1;
  if (!piece.packed) {
    for (size_t at = 0; at < piece.size; at++) {
      if (!digit(piece.bytes[at]))
        return -1;
      value = value * 10 + (piece.bytes[at] - '0');
    }
    return value;
  }
  bits = big_endian(piece.bytes, (int)piece.size) << (32 - 8 * piece.size);
  count = (uint32_t)(8 * piece.size);
  while (count >= 5 && value < 100000) {
    uint32_t five = bits >> 27, six = bits >> 26;
    if (five <= 2) {
      value = value * 10 + (int)five;
      bits <<= 5;
      count -= 5;
    } else if (count >= 6 && six >= 25 && six <= 31) {
      value = value * 10 + (int)(six - 22);
      bits <<= 6;
      count -= 6;
    } else {
      break;
    }
  }
  return count < 8 && bits == (count ? ~0u << (32 - count) : 0) ? value : -1;
}

/* Note the two statuses in the header block; false if it is damaged. */
static bool read_block(void) {
  static const uint16_t statuses[7] = {200, 204, 206, 304, 400, 404, 500};
  const uint8_t *at = stream.block, *end = at + stream.block_size;
  while (at && at < end) {
    uint8_t first = *at;
    int bits = first & 128 ? 7 : first & 64 ? 6 : first & 32 ? 5 : 4;
    size_t index = integer(&at, end, bits);
    if (at && bits == 7 && index >= 8 && index <= 14)
      stream.http_status = statuses[index - 8];
    if (!at || bits == 7 || bits == 5)
      continue;
    bool status = index >= 8 && index <= 14, grpc = false;
    if (index == 0) {
      struct piece name = piece(&at, end);
      if (!at)
        break;
      status = is(name, ":status", "\xb8\x84\x8d\x36\xa3");
      grpc = is(name, "grpc-status", "\x9a\xca\xc8\xb2\x12\x34\xda\x8f");
    }
    struct piece value = piece(&at, end);
    if (at && status)
      stream.http_status = value_of(value);
    if (at && grpc)
      stream.grpc_status = value_of(value);
  }
  return at != 0;
}

/* What the frame says without padding and, in headers, without priority; false if damaged. */
static bool strip(const uint8_t **at, size_t *size, int kind, int flags) {
  size_t padding = 0;
  if (flags & PADDED) {
    if (*size < 1)
      return false;
    padding = **at;
    (*at)++;
    (*size)--;
  }
  if (kind == HEADERS_FRAME && flags & PRIORITY) {
    if (*size < 5)
      return false;
    *at += 5;
    *size -= 5;
  }
  if (padding > *size)
    return false;
  *size -= padding;
  return true;
}

static void append(uint8_t *to, size_t *count, size_t limit, const uint8_t *bytes, size_t size) {
  if (size > limit - *count)
    failed("the answer is too long", (char *)0);
  memcpy(to + *count, bytes, size);
  *count += size;
}

/* Take a frame of the stream. Returns whether the header block goes on in the next frame. */
static bool take(int kind, int flags, const uint8_t *at, size_t size) {
  if (kind != CONTINUATION && !strip(&at, &size, kind, flags))
    failed("the answer is damaged HTTP/2", (char *)0);
  if (kind != CONTINUATION && flags & END_STREAM)
    stream.over = true;
  if (kind == DATA_FRAME) {
    append(stream.message, &stream.message_size, MESSAGE_MAX, at, size);
    return false;
  }
  append(stream.block, &stream.block_size, BLOCK_MAX, at, size);
  if (!(flags & END_HEADERS))
    return true;
  if (!read_block())
    failed("the answer has damaged headers", (char *)0);
  stream.block_size = 0;
  if (stream.http_status != 200 && (stream.http_status >= 200 || stream.http_status < 100))
    failed("HTTP status ",
           stream.http_status > 0 ? decimal((uint32_t)stream.http_status) : "missing",
           ": not a gRPC server", (char *)0);
  return false;
}

static void answer(int socket, int kind, const uint8_t *payload, size_t size) {
  uint8_t bytes[17];
  uint8_t *end = frame_header(bytes, size, kind, ACK, 0);
  memcpy(end, payload, size);
  send_all(socket, bytes, 9 + size);
}

/* Frames of the connection itself, which have no stream. */
static void serve(int socket, int kind, int flags, size_t size) {
  if (kind == SETTINGS && !(flags & ACK))
    answer(socket, SETTINGS, stream.frame, 0);
  if (kind == PING && size == 8 && !(flags & ACK))
    answer(socket, PING, stream.frame, 8);
  if (kind == GOAWAY && size >= 8 && (big_endian(stream.frame, 4) & 0x7fffffff) < 1)
    failed("the server takes no calls: HTTP/2 error ", decimal(big_endian(stream.frame + 4, 4)),
           (char *)0);
}

/* Receive frames until the stream is over. */
static void receive_stream(int socket) {
  stream.grpc_status = -1;
  bool begun = false, headers = false;
  while (!stream.over || headers) {
    uint8_t head[9];
    receive_all(socket, head, 9);
    size_t size = big_endian(head, 3);
    int kind = head[3], flags = head[4];
    uint32_t id = big_endian(head + 5, 4) & 0x7fffffff;
    if (!begun && same(head, "HTTP/", 5))
      failed("the server speaks HTTP/1, not HTTP/2", (char *)0);
    if (size > FRAME_MAX || (!begun && (kind != SETTINGS || id || flags & ACK)))
      failed("the answer is not HTTP/2", (char *)0);
    begun = true;
    receive_all(socket, stream.frame, size);
    if (headers != (kind == CONTINUATION) || (headers && id != 1) || kind == PUSH)
      failed("the answer is damaged HTTP/2", (char *)0);
    if (id == 0)
      serve(socket, kind, flags, size);
    else if (id == 1 && kind == RESET)
      failed("the call was reset: HTTP/2 error ",
             size == 4 ? decimal(big_endian(stream.frame, 4)) : "unknown", (char *)0);
    else if (id == 1 && (kind == DATA_FRAME || kind == HEADERS_FRAME || kind == CONTINUATION))
      headers = take(kind, flags, stream.frame, size);
  }
}

/* The low 32 bits of a varint of Protocol Buffers; *at* is set behind it, or to 0 if it is damaged. */
static uint32_t varint(const uint8_t **at, const uint8_t *end) {
  uint32_t value = 0;
  for (int shift = 0; *at < end && shift < 70; shift += 7) {
    uint8_t byte = *(*at)++;
    if (shift <= 28)
      value |= (uint32_t)(byte & 127) << shift;
    if (!(byte & 128))
      return value;
  }
  *at = 0;
  return 0;
}

/* The status in the message HealthCheckResponse, or -1. Other fields are passed over. */
static int serving_status(void) {
  const uint8_t *at = stream.message + 5, *end = stream.message + stream.message_size;
  int status = 0;
  if (stream.message_size < 5 || stream.message[0] ||
      big_endian(stream.message + 1, 4) != stream.message_size - 5)
    return -1;
  while (at && at < end) {
    uint32_t key = varint(&at, end), size = 0, wire = key & 7;
    if (at && (wire == 0 || wire == 2))
      size = varint(&at, end);
    if (at && key == 8)
      status = size < 4 ? (int)size : 0;
    if (wire == 0)
      continue;
    size = wire == 1 ? 8 : wire == 5 ? 4 : size;
    if (!at || (wire != 1 && wire != 2 && wire != 5) || size > (size_t)(end - at))
      return -1;
    at += size;
  }
  return at ? status : -1;
}

static _Noreturn void judge(void) {
  static const char *const calls[] = {
      "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED",
      "NOT_FOUND, it knows no such service", "ALREADY_EXISTS", "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
      "UNIMPLEMENTED, it has no health service", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
      "UNAUTHENTICATED"};
  static const char *const healths[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  int call = stream.grpc_status;
  if (call < 0)
    failed("the answer has no grpc-status", (char *)0);
  if (call > 0)
    failed("grpc-status ", decimal((uint32_t)call), " ", call < 17 ? calls[call] : "", (char *)0);
  int health = serving_status();
  if (health < 0)
    failed("the answer is not a health status", (char *)0);
  if (health == 1)
    healthy(healths[health], (char *)0);
  failed(healths[health], (char *)0);
}

static _Noreturn void ask_grpc(const struct target *target, const char *service, int milliseconds) {
  static char timeout[16];
  const char *number = decimal((uint32_t)milliseconds);
  size_t size = length(number);
  memcpy(timeout, number, size);
  timeout[size] = 'm';
  int socket = open_to(target);
  send_call(socket, target->authority, service, timeout);
  receive_stream(socket);
  /* GOAWAY, so that the server sees a client that is done, not one that broke. */
  static const uint8_t farewell[17] = {0, 0, 8, GOAWAY};
  send_part(socket, farewell, sizeof farewell);
  judge();
}
