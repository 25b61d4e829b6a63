/* A health check for images that hold neither a shell nor curl.
 *
 *   probe http [-t SECONDS] [-m METHOD] [-H 'NAME: VALUE']... [-s STATUSES] [-b TEXT]
 *              [-u SOCKET] URL
 *   probe-tls http [-k] ... URL
 *   probe tcp  [-t SECONDS] PLACE
 *   probe grpc [-t SECONDS] [-n SERVICE] PLACE
 *   probe file [-a SECONDS] PATH
 *
 * probe-tls is the same program with TLS 1.2 and 1.3, which makes it thirty times as large. It
 * trusts the certificates in the file that SSL_CERT_FILE names, else those in
 * /etc/ssl/certs/ca-certificates.crt; the server's must be for the host of the request.
 *
 * URL is http://HOST[:PORT][/PATH], or https:// with TLS; PLACE is HOST:PORT or unix:PATH. HOST is an IPv4 address, an
 * IPv6 address in brackets, or localhost, which is 127.0.0.1 and, if that does not answer, ::1.
 * A socket's path that begins with @ is a name without a file.
 *
 *   -t  for everything together, in seconds with up to three decimals; 3 if not given
 *   -m  GET if not given
 *   -H  one more header; it replaces the probe's own Host, User-Agent, Accept, Connection
 *   -s  statuses that are healthy, 200-399 if not given; ranges and commas: 200,204,300-308
 *   -b  a text that the body, or its first MiB, must hold
 *   -u  connect to this socket instead of the URL's host
 *   -k  trust any certificate
 *   -n  the service to ask for; if not given, the server as a whole
 *   -a  the file's last change may be this many seconds ago; if not given, it only must be there
 *
 * Exit status 0: healthy. 1: not, and stdout says why in one line. 2: the command line is wrong,
 * and stderr says how. Nothing is followed: a redirection is an answer like any other.
 */
/* Zig knows one level of small; this is the smaller one. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#include "system.h"

#include "text.h"

#include "net.h"

#include "tls.h"

#include "http.h"

#include "grpc.h"

enum { DEFAULT_TIME = 3000, MAX_TIME = 3600, MAX_AGE = 200000000 };

#define USAGE "probe http|tcp|grpc|file [OPTION]... URL|PLACE|PATH"

struct options {
  struct request request;
  const char *socket, *service, *age;
  int time;
};

static void set(struct options *options, char letter, const char *value) {
  struct request *request = &options->request;
  switch (letter) {
  case 't':
    options->time = milliseconds(value, MAX_TIME);
    if (options->time < 1)
      misused("-t: not a number of seconds up to 3600: ", value, (char *)0);
    break;
  case 'm':
    check_method(value);
    request->method = value;
    break;
  case 'H':
    check_header(value);
    if (request->count == MAX_HEADERS)
      misused("-H: more than 32 headers", (char *)0);
    request->headers[request->count++] = value;
    break;
  case 's':
    if (in_ranges(value, 0) < 0)
      misused("-s: not statuses like 200-399 or 200,204: ", value, (char *)0);
    request->statuses = value;
    break;
  case 'b':
    if (!*value || length(value) > 4096)
      misused("-b: not a text of 1 to 4096 bytes", (char *)0);
    request->body = value;
    break;
  case 'u':
    options->socket = value;
    break;
  case 'n':
    if (length(value) > SERVICE_MAX)
      misused("-n: longer than 1000 bytes", (char *)0);
    options->service = value;
    break;
  default:
    options->age = value;
  }
}

/* Read the options among *letters*, each but -k with a value, and return the one argument behind them. */
static const char *parse(struct options *options, const char *letters, char **argv) {
  for (; *argv && **argv == '-' && (*argv)[1]; argv++) {
    const char *option = *argv, *value = option + 2;
    if (equal(option, "--")) {
      argv++;
      break;
    }
    const char *known = letters;
    while (*known && *known != option[1])
      known++;
    if (!*known)
      misused("unknown option ", option, "; usage: " USAGE, (char *)0);
    if (*known == 'k') {
      if (*value)
        misused("-k takes no value: ", option, (char *)0);
      options->request.any_certificate = true;
      continue;
    }
    if (!*value)
      value = *++argv;
    if (!value)
      misused("no value for ", option, (char *)0);
    set(options, *known, value);
  }
  if (!*argv || argv[1])
    misused(*argv ? "one argument too many: " : "an argument is missing; usage: ",
            *argv ? argv[1] : USAGE, (char *)0);
  return *argv;
}

#if defined(TLS)
static const char *certificates(char **environment) {
  static const char name[] = "SSL_CERT_FILE=";
  for (; *environment; environment++)
    if (begins((const uint8_t *)*environment, length(*environment), name) &&
        (*environment)[sizeof name - 1])
      return *environment + sizeof name - 1;
  return "/etc/ssl/certs/ca-certificates.crt";
}
#define HTTP_OPTIONS "tmHsbuk"
#else
#define HTTP_OPTIONS "tmHsbu"
#endif

static _Noreturn void check_file(const char *path, const char *age) {
  struct {
    uint8_t before[112];
    int64_t seconds;
    uint8_t after[136];
  } found;
  const char *end = "";
  int limit = age ? number(age, &end, MAX_AGE) : 0;
  if (limit < 0 || *end)
    misused("-a: not a number of seconds up to 200000000: ", age, (char *)0);
  long error = call(STATX, -100, (long)path, 0, 0x40, (long)&found);
  if (error < 0)
    failed(path, ": ", reason(error), (char *)0);
  if (!age)
    healthy("there", (char *)0);
  int64_t past = now(REALTIME).seconds - found.seconds;
  uint32_t seconds = past < 0 ? 0 : past > MAX_AGE ? MAX_AGE : (uint32_t)past;
  if (past > limit)
    failed(path, ": last changed ", decimal(seconds), " s ago, allowed are ", age, (char *)0);
  healthy("changed ", decimal(seconds), " s ago", (char *)0);
}

__attribute__((used)) _Noreturn void entry(long *stack) {
  char **argv = (char **)(stack + 1);
  const char *kind = stack[0] > 1 ? argv[1] : "";
  struct options options = {.request = {.method = "GET", .statuses = "200-399"},
                            .service = "",
                            .time = DEFAULT_TIME};
  struct target target;
  memset(&target, 0, sizeof target);
  if (equal(kind, "file")) {
    const char *path = parse(&options, "a", argv + 2);
    check_file(path, options.age);
  } else if (equal(kind, "http")) {
    const char *url = parse(&options, HTTP_OPTIONS, argv + 2);
#if defined(TLS)
    options.request.certificates = certificates(argv + stack[0] + 1);
#endif
    to_url(&target, &options.request, url, options.socket);
    allow(options.time);
    ask(&target, &options.request);
  } else if (equal(kind, "tcp")) {
    to_place(&target, parse(&options, "t", argv + 2));
    allow(options.time);
    open_to(&target);
    healthy("connected", (char *)0);
  } else if (equal(kind, "grpc")) {
    to_place(&target, parse(&options, "tn", argv + 2));
    allow(options.time);
    ask_grpc(&target, options.service, options.time);
  }
  misused("usage: " USAGE, (char *)0);
}

#pragma clang attribute pop
