/* TLS between the program and the socket. Without TLS in the build, nothing is between them. */

#if defined(TLS)

enum { ENTROPY = 240, MAX_PEM = 4 << 20 };

/* As in tls.zig. */
struct trust {
  const char *host;
  size_t host_size;
  const uint8_t *pem;
  size_t pem_size;
  int64_t now;
  bool all;
};

const char *tls_begin(const struct trust *trust, const uint8_t *entropy);
bool tls_send(const void *bytes, size_t size);
long tls_receive(void *bytes, size_t size);

/* What is under TLS, if it is on: the socket, how long to wait for it, and how that ended. */
static struct {
  bool on;
  int socket;
  long wait, error;
} wire;

void wire_send(const void *bytes, size_t size) { send_all(wire.socket, bytes, size); }

size_t wire_receive(void *bytes, size_t size) {
  long got = receive(wire.socket, bytes, size, wire.wait);
  wire.error = got < 0 ? got : 0;
  return got < 0 ? 0 : (size_t)got;
}

/* Read the certificates in *path*. */
static size_t read_pem(const char *path, uint8_t *to) {
  size_t size = 0;
  long got = 1, file = call(OPENAT, -100, (long)path, CLOEXEC, 0, 0);
  if (file < 0)
    failed("certificates ", path, ": ", reason(file), (char *)0);
  while (got > 0 && size < MAX_PEM) {
    got = call(READ, file, (long)(to + size), (long)(MAX_PEM - size), 0, 0);
    size += got > 0 ? (size_t)got : 0;
  }
  if (got != 0)
    failed("certificates ", path, ": ", got < 0 ? reason(got) : "too large", (char *)0);
  call(CLOSE, file, 0, 0, 0, 0);
  return size;
}

/* Shake hands with the server, which must be *host* for one of *certificates*; null trusts all. */
static void secure(int socket, const char *host, size_t size, const char *certificates) {
  static uint8_t pem[MAX_PEM];
  uint8_t entropy[ENTROPY];
  struct trust trust = {host, size, pem, 0, now(REALTIME).seconds, certificates == 0};
  if (certificates)
    trust.pem_size = read_pem(certificates, pem);
  for (long got = 0, count = 0; count < ENTROPY; count += got > 0 ? got : 0) {
    got = call(GETRANDOM, (long)(entropy + count), ENTROPY - count, 0, 0, 0);
    if (got < 0 && got != -EINTR)
      failed("random numbers: ", reason(got), (char *)0);
  }
  wire.on = true;
  wire.socket = socket;
  wire.wait = remaining();
  const char *wrong = tls_begin(&trust, entropy);
  if (wrong)
    failed("TLS: ", wire.error ? reason(wire.error) : wrong, (char *)0);
}

static void put(int socket, const void *bytes, size_t size) {
  if (!wire.on)
    send_all(socket, bytes, size);
  else if (!tls_send(bytes, size))
    failed("sending by TLS failed", (char *)0);
}

static long get(int socket, void *bytes, size_t size, long wait) {
  if (!wire.on)
    return receive(socket, bytes, size, wait);
  wire.wait = wait;
  wire.error = 0;
  long got = tls_receive(bytes, size);
  return wire.error ? wire.error : got < 0 ? -ECONNRESET : got;
}

#else

static void put(int socket, const void *bytes, size_t size) { send_all(socket, bytes, size); }

static long get(int socket, void *bytes, size_t size, long wait) {
  return receive(socket, bytes, size, wait);
}

#endif
