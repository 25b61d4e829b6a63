/* An HTTP/1.1 request, its status, and, if asked for, a text in its body. */

enum { MAX_HEADERS = 32, MAX_REQUEST = 16384, MAX_HEAD = 262144, MAX_BODY = 1048576 };

/* What to ask, as on the command line. `authority`, `path` point into the URL. */
struct request {
  const char *method, *statuses, *body;
  const char *headers[MAX_HEADERS];
  int count;
  const char *authority, *path;
  size_t authority_size;
  bool secure, any_certificate;
  const char *certificates;
};

/* The bytes received so far; `text` ends where the next ones go. */
static struct {
  uint8_t text[MAX_HEAD + MAX_BODY];
  size_t size;
} input;

static bool token(int byte) {
  static const char others[] = "!#$%&'*+-.^_`|~";
  for (size_t at = 0; others[at]; at++)
    if (byte == others[at])
      return true;
  return digit(byte) || (lower((uint8_t)byte) >= 'a' && lower((uint8_t)byte) <= 'z');
}

static void check_method(const char *text) {
  size_t at = 0;
  while (token(text[at]))
    at++;
  if (at == 0 || text[at])
    misused("not a method: ", text, (char *)0);
}

/* "Name: value", without anything that would begin another line. */
static void check_header(const char *text) {
  size_t at = 0;
  while (token(text[at]))
    at++;
  bool good = at > 0 && text[at] == ':';
  for (; text[at]; at++)
    good = good && ((uint8_t)text[at] >= ' ' || text[at] == '\t') && text[at] != 127;
  if (!good)
    misused("not a header 'Name: value': ", text, (char *)0);
}

/* Whether *status* is in "200-399,404"; -1 if the ranges themselves are wrong. */
static int in_ranges(const char *ranges, int status) {
  bool found = false;
  for (const char *at = ranges;; at++) {
    int low = number(at, &at, 999), high = low;
    if (low >= 0 && *at == '-')
      high = number(at + 1, &at, 999);
    if (low < 100 || high < low || (*at && *at != ','))
      return -1;
    found = found || (status >= low && status <= high);
    if (!*at)
      return found;
  }
}

/* Read "http://HOST[:PORT][/PATH]". With a socket's path, the host is only said, not asked for. */
static void to_url(struct target *target, struct request *request, const char *url,
                   const char *socket) {
  const uint8_t *bytes = (const uint8_t *)url;
  request->secure = begins(bytes, length(url), "https://");
#if !defined(TLS)
  if (request->secure)
    misused("this program knows no TLS, probe-tls does: ", url, (char *)0);
#endif
  if (!request->secure && !begins(bytes, length(url), "http://"))
    misused("not a URL http://HOST[:PORT][/PATH]: ", url, (char *)0);
  for (size_t at = 0; url[at]; at++)
    if (bytes[at] <= ' ' || bytes[at] > '~' || bytes[at] == '#')
      misused("not allowed in a URL, write it as %XX: ", url + at, (char *)0);
  const char *host = url + (request->secure ? 8 : 7), *end;
  size_t size = host_length(host);
  int port = request->secure ? 443 : 80;
  request->authority = host;
  request->path = host + size;
  if (host[size] == ':') {
    port = number(host + size + 1, &end, 65535);
    if (port < 1 || (*end && *end != '/' && *end != '?'))
      misused("not a port: ", url, (char *)0);
    request->path = end;
  }
  request->authority_size = (size_t)(request->path - host);
  if (size == 0)
    misused("no host in the URL: ", url, (char *)0);
  if (socket)
    to_unix(target, socket);
  else if (!to_host(target, host, size, port))
    misused("not an address or localhost: ", url, (char *)0);
  else
    target->name = url;
}

static void add(const char *text, size_t size) {
  if (size > MAX_REQUEST - input.size)
    misused("the request is longer than 16384 bytes", (char *)0);
  memcpy(input.text + input.size, text, size);
  input.size += size;
}

static void add_text(const char *text) { add(text, length(text)); }

/* Add a header "Name: value", unless the user has given one of that name. */
static void add_header(const struct request *request, const char *name, const char *value,
                       size_t size) {
  for (int at = 0; at < request->count; at++)
    if (begins((const uint8_t *)request->headers[at], length(request->headers[at]), name))
      return;
  add_text(name);
  add(" ", 1);
  add(value, size);
  add_text("\r\n");
}

static void send_request(int socket, const struct request *request) {
  add_text(request->method);
  add_text(*request->path == '/' ? " " : " /");
  add_text(request->path);
  add_text(" HTTP/1.1\r\n");
  add_header(request, "Host:", request->authority, request->authority_size);
  add_header(request, "User-Agent:", "seaslug-probe", 13);
  add_header(request, "Accept:", "*/*", 3);
  add_header(request, "Connection:", "close", 5);
  if (!equal(request->method, "GET") && !equal(request->method, "HEAD"))
    add_header(request, "Content-Length:", "0", 1);
  for (int at = 0; at < request->count; at++) {
    add_text(request->headers[at]);
    add_text("\r\n");
  }
  add_text("\r\n");
  put(socket, input.text, input.size);
  input.size = 0;
}

/* Receive more; false at the end. *what* is said if it fails. */
static bool more(int socket, size_t limit, const char *what) {
  size_t room = limit - input.size;
  if (room == 0)
    failed(what, ": too long", (char *)0);
  long got = get(socket, input.text + input.size, room, remaining());
  if (got < 0)
    failed(what, ": ", reason(got), (char *)0);
  input.size += (size_t)got;
  return got > 0;
}

/* The place behind the line that begins at *at*, receiving what is missing. */
static size_t line_end(int socket, size_t at, const char *what) {
  for (;; at++) {
    if (at == input.size && !more(socket, MAX_HEAD, what))
      failed(what, ": connection closed", (char *)0);
    if (input.text[at] == '\n')
      return at + 1;
  }
}

/* The status in the line at *at*; 0 if that is no status line. */
static int status_in(size_t at, size_t end) {
  const uint8_t *line = input.text + at;
  if (end - at < 13 || !same(line, "HTTP/1.", 7) || !digit(line[7]) || line[8] != ' ')
    return 0;
  int status = 0;
  for (size_t place = 9; place < 12; place++) {
    if (!digit(line[place]))
      return 0;
    status = status * 10 + (line[place] - '0');
  }
  return line[12] == ' ' || line[12] == '\r' || line[12] == '\n' ? status : 0;
}

static bool empty_line(size_t at, size_t end) {
  return end - at == 1 || (end - at == 2 && input.text[at] == '\r');
}

/* The final status; *at* is set behind its line. Interim ones (100, 103) are passed over. */
static int receive_status(int socket, size_t *at) {
  for (size_t begun = 0;;) {
    while (input.size - begun < 7)
      if (!more(socket, MAX_HEAD, "no answer"))
        failed("no answer: connection closed", (char *)0);
    if (!same(input.text + begun, "HTTP/1.", 7))
      failed("the answer is not HTTP/1", (char *)0);
    size_t end = line_end(socket, begun, "status line");
    int status = status_in(begun, end);
    if (status < 100)
      failed("the answer has no HTTP status", (char *)0);
    if (status >= 200 || status == 101) {
      *at = end;
      return status;
    }
    for (bool last = false; !last;) {
      begun = end;
      end = line_end(socket, begun, "headers");
      last = empty_line(begun, end);
    }
    begun = end;
  }
}

/* How the body is sent: in chunks, or *size* bytes, or all until the end. */
struct framing {
  bool chunked;
  size_t size;
};

/* Pass over the headers at *at*; it is set to where the body begins. */
static struct framing receive_headers(int socket, size_t *at) {
  struct framing framing = {false, MAX_BODY};
  for (size_t begun = *at;; begun = *at) {
    *at = line_end(socket, begun, "headers");
    if (empty_line(begun, *at))
      return framing;
    const uint8_t *line = input.text + begun;
    size_t size = *at - begun;
    if (begins(line, size, "transfer-encoding:"))
      for (size_t from = 18; from < size; from++)
        framing.chunked = framing.chunked || begins(line + from, size - from, "chunked");
    if (begins(line, size, "content-length:")) {
      const char *text = (const char *)line + 15;
      while (*text == ' ' || *text == '\t')
        text++;
      int given = number(text, &text, MAX_BODY);
      if (given >= 0)
        framing.size = (size_t)given;
    }
  }
}

/* Take the frames of chunks out of input[from..), in place; the state outlives the call. */
static size_t without_chunks(size_t to, size_t from, bool *over) {
  static enum { SIZE, EXTENSION, DATA, AFTER } state;
  static size_t left;
  for (; from < input.size && !*over; from++) {
    uint8_t byte = input.text[from];
    int value = hexadecimal(byte);
    if (state == DATA) {
      input.text[to++] = byte;
      if (--left == 0)
        state = AFTER;
    } else if (byte == '\n') {
      *over = state != AFTER && left == 0;
      state = state == AFTER ? SIZE : DATA;
    } else if (state == SIZE && value >= 0 && left < 1 << 24) {
      left = left << 4 | (size_t)value;
    } else if (state == SIZE) {
      state = EXTENSION;
    }
  }
  return to;
}

/* Whether the body, or its first MiB, holds *wanted*. */
static bool body_holds(int socket, size_t at, const char *wanted) {
  struct framing framing = receive_headers(socket, &at);
  size_t size = length(wanted), raw = at, end = at, searched = at;
  for (bool over = false;;) {
    if (framing.chunked) {
      end = without_chunks(end, raw, &over);
      input.size = raw = end;
    } else {
      end = input.size;
      if (end - at >= framing.size) {
        end = at + framing.size;
        over = true;
      }
    }
    if (find(input.text, searched, end, wanted) < end)
      return true;
    if (end - at >= size)
      searched = end - size + 1;
    if (over || end - at >= MAX_BODY || !more(socket, at + MAX_BODY, "body"))
      return false;
  }
}

/* Take what else comes, for a moment: some servers log an error when a client hangs up early. */
static void drain(int socket) {
  if (remaining() > 100)
    allow(100);
  for (size_t taken = 0; taken < 65536;) {
    long got = get(socket, input.text, sizeof input.text, 100);
    if (got <= 0)
      return;
    taken += (size_t)got;
  }
}

#if defined(TLS)
/* The certificate must be for the host of the request: that of a Host header, else the URL's. */
static void secure_request(int socket, const struct request *request) {
  const char *host = request->authority;
  for (int at = 0; at < request->count; at++) {
    const char *header = request->headers[at];
    if (begins((const uint8_t *)header, length(header), "Host:"))
      for (host = header + 5; *host == ' ' || *host == '\t';)
        host++;
  }
  size_t size = host_length(host);
  if (size > 2 && *host == '[') {
    host++;
    size -= 2;
  }
  secure(socket, host, size, request->any_certificate ? 0 : request->certificates);
}
#endif

static _Noreturn void ask(const struct target *target, const struct request *request) {
  int socket = open_to(target);
  size_t at = 0;
#if defined(TLS)
  if (request->secure)
    secure_request(socket, request);
#endif
  send_request(socket, request);
  int status = receive_status(socket, &at);
  const char *text = decimal((uint32_t)status);
  if (in_ranges(request->statuses, status) == 0) {
    drain(socket);
    failed("status ", text, ", wanted ", request->statuses, (char *)0);
  }
  if (request->body && !body_holds(socket, at, request->body))
    failed("status ", text, ", but its body does not hold: ", request->body, (char *)0);
  drain(socket);
  healthy("status ", text, (char *)0);
}
