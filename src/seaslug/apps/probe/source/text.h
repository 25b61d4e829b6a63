/* Text: what is compared, what is read from the command line, and the one line that is said. */

static size_t length(const char *text) {
  size_t size = 0;
  while (text[size])
    size++;
  return size;
}

static bool same(const void *one, const void *other, size_t size) {
  const uint8_t *a = one, *b = other;
  while (size--)
    if (*a++ != *b++)
      return false;
  return true;
}

static bool equal(const char *one, const char *other) {
  return length(one) == length(other) && same(one, other, length(one));
}

static uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte; }

/* Whether *text* begins with *start*, in any case of letters. */
static bool begins(const uint8_t *text, size_t size, const char *start) {
  size_t at = 0;
  for (; start[at]; at++)
    if (at >= size || lower(text[at]) != lower((uint8_t)start[at]))
      return false;
  return true;
}

/* The place of *what* in text[from..size), or size. */
static size_t find(const uint8_t *text, size_t from, size_t size, const char *what) {
  size_t wanted = length(what);
  for (size_t at = from; at + wanted <= size; at++)
    if (same(text + at, what, wanted))
      return at;
  return size;
}

static bool digit(int byte) { return byte >= '0' && byte <= '9'; }

/* A decimal number of at most *limit*; *end* is set behind it. -1 is none, or too large. */
static int number(const char *text, const char **end, int limit) {
  int value = 0;
  if (!digit(*text))
    return -1;
  for (; digit(*text); text++) {
    value = value * 10 + (*text - '0');
    if (value > limit)
      return -1;
  }
  *end = text;
  return value;
}

/* Milliseconds of "3" or "2.5" seconds, up to *limit* seconds; -1 is none. */
static int milliseconds(const char *text, int limit) {
  const char *end;
  int value = number(text, &end, limit);
  if (value < 0)
    return -1;
  value *= 1000;
  if (*end == '.') {
    int unit = 100;
    if (!digit(end[1]))
      return -1;
    for (end++; digit(*end); end++, unit /= 10)
      value += (*end - '0') * unit;
  }
  return *end ? -1 : value;
}

/* The number in decimal, valid until seven more were made. */
static const char *decimal(uint32_t value) {
  static char texts[8][12];
  static unsigned turn;
  char *at = texts[turn++ % 8] + 11;
  *at = 0;
  do {
    *--at = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  return at;
}

static const char *reason(long error) {
  static const struct {
    int error;
    const char *text;
  } known[] = {
      {EPERM, "not permitted"},
      {ENOENT, "no such file or directory"},
      {EACCES, "permission denied"},
      {ENOTDIR, "not a directory"},
      {EPIPE, "connection closed"},
      {ENAMETOOLONG, "name too long"},
      {EAFNOSUPPORT, "address family not supported"},
      {EADDRNOTAVAIL, "address not available"},
      {ENETUNREACH, "network unreachable"},
      {ECONNRESET, "connection reset"},
      {ETIMEDOUT, "timed out"},
      {ECONNREFUSED, "connection refused"},
      {EHOSTUNREACH, "host unreachable"},
  };
  for (size_t at = 0; at < sizeof known / sizeof *known; at++)
    if (known[at].error == error || known[at].error == -error)
      return known[at].text;
  return "the kernel refuses it";
}

/* One line of at most 400 bytes. It goes to a log: what is not printable becomes '?'. */
static void say(int where, const char *first, va_list rest) {
  char line[401];
  size_t size = 0;
  for (const char *part = first; part; part = va_arg(rest, const char *))
    for (; *part && size < sizeof line - 1; part++)
      line[size++] = *part < ' ' || *part > '~' ? '?' : *part;
  line[size++] = '\n';
  call(WRITE, where, (long)line, (long)size, 0, 0);
}

/* Each of these says one line, made of its arguments up to a null pointer, and ends the program. */

static _Noreturn void ended(int status, int where, const char *first, va_list rest) {
  say(where, first, rest);
  leave(status);
}

static _Noreturn void healthy(const char *first, ...) {
  va_list rest;
  va_start(rest, first);
  ended(0, 1, first, rest);
}

static _Noreturn void failed(const char *first, ...) {
  va_list rest;
  va_start(rest, first);
  ended(1, 1, first, rest);
}

static _Noreturn void misused(const char *first, ...) {
  va_list rest;
  va_start(rest, first);
  ended(2, 2, first, rest);
}
