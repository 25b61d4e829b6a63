/* Connections to this machine or an address, with one deadline over everything. */

enum { FAMILY_UNIX = 1, FAMILY_4 = 2, FAMILY_6 = 10 };
enum { STREAM = 1, NONBLOCK = 0x800, CLOEXEC = 0x80000, NOSIGNAL = 0x4000 };
enum { READABLE = 1, WRITABLE = 4 };

/* A socket address as the kernel reads it. */
struct address {
  uint8_t bytes[112];
  size_t size;
};

/* Where to connect: each address in turn until one answers. `name` is for messages,
 * `authority` what a server is told. */
struct target {
  struct address addresses[2];
  int count;
  const char *name, *authority;
};

static struct moment deadline;

static void allow(int milliseconds) {
  deadline = now(MONOTONIC);
  deadline.seconds += milliseconds / 1000;
  deadline.nanoseconds += milliseconds % 1000 * 1000000L;
}

/* Milliseconds until the deadline; 0 when it has passed. */
static long remaining(void) {
  struct moment at = now(MONOTONIC);
  long left = (long)(deadline.seconds - at.seconds) * 1000;
  left += (deadline.nanoseconds - at.nanoseconds + 999999) / 1000000;
  return left > 0 ? left : 0;
}

/* Wait until the socket is ready, or at most that long; with no socket, just wait. */
static bool ready(int socket, int events, long wait) {
  struct {
    int socket;
    short events, found;
  } poll = {socket, (short)events, 0};
  for (;;) {
    long left = remaining();
    if (left > wait)
      left = wait;
    if (left == 0)
      return false;
    long time[2] = {left / 1000, left % 1000 * 1000000};
    long found = call(PPOLL, (long)&poll, 1, (long)time, 0, 0);
    if (found != -EINTR)
      return found > 0;
  }
}

static void set_family(struct address *address, int family) {
  uint16_t value = (uint16_t)family;
  memset(address, 0, sizeof *address);
  memcpy(address->bytes, &value, 2);
}

static void set_inet(struct address *address, int family, const uint8_t *host, int port) {
  size_t at = family == FAMILY_4 ? 4 : 8, size = family == FAMILY_4 ? 4 : 16;
  set_family(address, family);
  address->bytes[2] = (uint8_t)(port >> 8);
  address->bytes[3] = (uint8_t)port;
  memcpy(address->bytes + at, host, size);
  address->size = family == FAMILY_4 ? 16 : 28;
}

/* A path, or "@name" for a socket without a file. */
static void to_unix(struct target *target, const char *path) {
  struct address *address = target->addresses;
  size_t size = length(path);
  if (size == 0 || size > 107)
    misused("the path of a socket has 1 to 107 bytes: ", path, (char *)0);
  set_family(address, FAMILY_UNIX);
  memcpy(address->bytes + 2, path, size);
  address->size = 2 + size + 1;
  if (*path == '@') {
    address->bytes[2] = 0;
    address->size--;
  }
  target->count = 1;
  target->name = path;
}

/* "127.0.0.1" from text[0..size); false if it is something else. */
static bool read_4(const char *text, size_t size, uint8_t *host) {
  const char *at = text, *end = text + size;
  for (int part = 0; part < 4; part++) {
    const char *begun = at;
    int value = at < end ? number(at, &at, 255) : -1;
    if (value < 0 || (*begun == '0' && at - begun > 1))
      return false;
    host[part] = (uint8_t)value;
    if (part < 3 && (at >= end || *at++ != '.'))
      return false;
  }
  return at == end;
}

static int hexadecimal(int byte) {
  byte = lower((uint8_t)byte);
  return digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* "::1" or "fe80::1:2" or "::ffff:127.0.0.1", without brackets and zone. */
static bool read_6(const char *text, size_t size, uint8_t *host) {
  const char *at = text, *end = text + size;
  int count = 0, gap = -1;
  memset(host, 0, 16);
  while (at < end) {
    if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
      if (gap >= 0)
        return false;
      gap = count;
      at += 2;
      continue;
    }
    if (at > text && at[-1] != ':' && *at++ != ':')
      return false;
    if (count <= 12 && read_4(at, (size_t)(end - at), host + count)) {
      count += 4;
      break;
    }
    int value = 0, digits = 0;
    for (; at < end && hexadecimal(*at) >= 0; at++, digits++)
      value = value << 4 | hexadecimal(*at);
    if (digits < 1 || digits > 4 || count >= 16)
      return false;
    host[count++] = (uint8_t)(value >> 8);
    host[count++] = (uint8_t)value;
  }
  if (gap < 0)
    return count == 16;
  if (count > 14)
    return false;
  for (int moved = 1; moved <= count - gap; moved++) {
    host[16 - moved] = host[count - moved];
    host[count - moved] = 0;
  }
  return true;
}

/* Read the host in text[0..size): an address, "localhost" or nothing, which mean this machine.
 * There is no resolver; a health check asks the container it runs in. */
static bool to_host(struct target *target, const char *text, size_t size, int port) {
  uint8_t host[16];
  memset(host, 0, sizeof host);
  target->count = 1;
  if (size == 0 || (size == 9 && begins((const uint8_t *)text, 9, "localhost"))) {
    host[15] = 1;
    set_inet(&target->addresses[1], FAMILY_6, host, port);
    set_inet(&target->addresses[0], FAMILY_4, (const uint8_t *)"\177\0\0\1", port);
    target->count = 2;
  } else if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
    if (!read_6(text + 1, size - 2, host))
      return false;
    set_inet(target->addresses, FAMILY_6, host, port);
  } else {
    if (!read_4(text, size, host))
      return false;
    set_inet(target->addresses, FAMILY_4, host, port);
  }
  return true;
}

/* The length of the host that *text* begins with: up to a colon, a slash or the end. */
static size_t host_length(const char *text) {
  size_t size = 0;
  bool bracket = false;
  for (; text[size] && text[size] != '/' && text[size] != '?' && text[size] != '#'; size++) {
    if (text[size] == '[')
      bracket = true;
    if (text[size] == ']')
      bracket = false;
    if (text[size] == ':' && !bracket)
      break;
  }
  return size;
}

/* Read "HOST:PORT" or "unix:PATH". */
static void to_place(struct target *target, const char *text) {
  if (begins((const uint8_t *)text, length(text), "unix:")) {
    to_unix(target, text + 5);
    target->authority = "localhost";
    return;
  }
  size_t host = host_length(text);
  const char *end = text;
  int port = text[host] == ':' ? number(text + host + 1, &end, 65535) : -1;
  if (port < 1 || *end || length(text) > 100)
    misused("not HOST:PORT or unix:PATH: ", text, (char *)0);
  if (!to_host(target, text, host, port))
    misused("not an address or localhost: ", text, (char *)0);
  target->name = text;
  target->authority = host ? text : "localhost";
}

/* Linux may connect a socket to itself where nothing listens on a port of the range for clients. */
static bool to_itself(int socket, const struct address *address) {
  struct address own;
  int size = sizeof own.bytes;
  memset(&own, 0, sizeof own);
  call(GETSOCKNAME, socket, (long)own.bytes, (long)&size, 0, 0);
  return same(own.bytes, address->bytes, address->size);
}

/* 0 when *socket* is connected, else the negative error. */
static long connected(int socket, int family, const struct address *address) {
  long error;
  /* A socket of the file system answers EAGAIN while its queue is full. */
  while ((error = call(CONNECT, socket, (long)address->bytes, (long)address->size, 0, 0)) ==
             -EAGAIN ||
         error == -EINTR) {
    if (remaining() == 0)
      return -ETIMEDOUT;
    ready(-1, 0, 10);
  }
  if (error == -EINPROGRESS) {
    int found = 0, size = sizeof found;
    if (!ready(socket, WRITABLE, remaining()))
      return -ETIMEDOUT;
    error = call(GETSOCKOPT, socket, 1, 4, (long)&found, (long)&size);
    if (error == 0)
      error = -found;
  }
  if (error == 0 && family != FAMILY_UNIX && to_itself(socket, address))
    error = -ECONNREFUSED;
  return error;
}

/* A connected socket. Fails with the first reason, or that nobody listens if one said so. */
static int open_to(const struct target *target) {
  long worst = 0;
  for (int at = 0; at < target->count; at++) {
    const struct address *address = &target->addresses[at];
    uint16_t family;
    memcpy(&family, address->bytes, 2);
    long socket = call(SOCKET, family, STREAM | NONBLOCK | CLOEXEC, 0, 0, 0);
    long error = socket < 0 ? socket : connected((int)socket, family, address);
    if (error == 0)
      return (int)socket;
    if (socket >= 0)
      call(CLOSE, socket, 0, 0, 0, 0);
    if (worst == 0 || error == -ECONNREFUSED)
      worst = error;
  }
  failed(target->name, ": ", reason(worst), (char *)0);
}

/* Send what the socket takes now: the count of bytes, or an error; never a signal. */
static long send_part(int socket, const void *bytes, size_t size) {
  struct {
    const void *bytes;
    size_t size;
  } part = {bytes, size};
  struct {
    void *name;
    long name_size;
    void *parts;
    size_t count;
    void *control;
    size_t control_size;
    long flags;
  } message = {0, 0, &part, 1, 0, 0, 0};
  return call(SENDMSG, socket, (long)&message, NOSIGNAL, 0, 0);
}

static void send_all(int socket, const void *bytes, size_t size) {
  for (const char *at = bytes; size;) {
    long sent = send_part(socket, at, size);
    if (sent > 0) {
      at += sent;
      size -= (size_t)sent;
    } else if (sent == -EAGAIN) {
      if (!ready(socket, WRITABLE, remaining()))
        failed("timed out while sending", (char *)0);
    } else if (sent != -EINTR) {
      failed("sending: ", reason(sent), (char *)0);
    }
  }
}

/* Up to *size* bytes, waiting for the first of them: their count, 0 at the end, or an error. */
static long receive(int socket, void *bytes, size_t size, long wait) {
  for (;;) {
    long got = call(READ, socket, (long)bytes, (long)size, 0, 0);
    if (got == -EAGAIN) {
      if (!ready(socket, READABLE, wait))
        return -ETIMEDOUT;
    } else if (got != -EINTR) {
      return got;
    }
  }
}
