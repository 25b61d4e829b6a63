/* The kernel, and nothing else: system calls and the entry point of seven architectures.
 *
 * There is no C library. Every call goes through `call`, which returns the kernel's
 * result: negative error numbers included. Structures are those that have the same
 * layout everywhere in terms of `long`, so that one definition serves 32 and 64 bits.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

enum {
  READ = 0, WRITE = 1, CLOSE = 3, SOCKET = 41, CONNECT = 42, SENDMSG = 46, GETSOCKNAME = 51,
  GETSOCKOPT = 55, CLOCK_GETTIME = 228, EXIT = 231, PPOLL = 271, STATX = 332,
  OPENAT = 257, GETRANDOM = 318
};

__asm__(".globl _start\n_start: xorl %ebp, %ebp\n movq %rsp, %rdi\n andq $-16, %rsp\n call entry\n");

static long call(long number, long a, long b, long c, long d, long e) {
  register long fourth __asm__("r10") = d;
  register long fifth __asm__("r8") = e;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__i386__)

enum {
  READ = 3, WRITE = 4, CLOSE = 6, SOCKET = 359, CONNECT = 362, SENDMSG = 370, GETSOCKNAME = 367,
  GETSOCKOPT = 365, CLOCK_GETTIME = 265, EXIT = 252, PPOLL = 309, STATX = 383,
  OPENAT = 295, GETRANDOM = 355
};

__asm__(".globl _start\n_start: xorl %ebp, %ebp\n movl %esp, %eax\n andl $-16, %esp\n"
        " subl $12, %esp\n pushl %eax\n call entry\n");

static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
  return result;
}

#elif defined(__arm__)

enum {
  READ = 3, WRITE = 4, CLOSE = 6, SOCKET = 281, CONNECT = 283, SENDMSG = 296, GETSOCKNAME = 286,
  GETSOCKOPT = 295, CLOCK_GETTIME = 263, EXIT = 248, PPOLL = 336, STATX = 397,
  OPENAT = 322, GETRANDOM = 384
};

__asm__(".globl _start\n.type _start, %function\n_start: mov r0, sp\n bl entry\n");

static long call(long number, long a, long b, long c, long d, long e) {
  register long first __asm__("r0") = a;
  register long second __asm__("r1") = b;
  register long third __asm__("r2") = c;
  register long fourth __asm__("r3") = d;
  register long fifth __asm__("r4") = e;
  register long which __asm__("r7") = number;
  __asm__ volatile("svc 0"
                   : "+r"(first)
                   : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                   : "memory");
  return first;
}

#elif defined(__aarch64__) || defined(__riscv)

enum {
  READ = 63, WRITE = 64, CLOSE = 57, SOCKET = 198, CONNECT = 203, SENDMSG = 211,
  GETSOCKNAME = 204, GETSOCKOPT = 209, CLOCK_GETTIME = 113, EXIT = 94, PPOLL = 73, STATX = 291,
  OPENAT = 56, GETRANDOM = 278
};

#if defined(__riscv)
#define TRAP "ecall"
#define REGISTER(n) "a" #n
#define WHICH "a7"
__asm__(".globl _start\n_start: mv a0, sp\n tail entry\n");
#else
#define TRAP "svc 0"
#define REGISTER(n) "x" #n
#define WHICH "x8"
__asm__(".globl _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n b entry\n");
#endif

static long call(long number, long a, long b, long c, long d, long e) {
  register long first __asm__(REGISTER(0)) = a;
  register long second __asm__(REGISTER(1)) = b;
  register long third __asm__(REGISTER(2)) = c;
  register long fourth __asm__(REGISTER(3)) = d;
  register long fifth __asm__(REGISTER(4)) = e;
  register long which __asm__(WHICH) = number;
  __asm__ volatile(TRAP
                   : "+r"(first)
                   : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                   : "memory");
  return first;
}

#elif defined(__powerpc64__)

enum {
  READ = 3, WRITE = 4, CLOSE = 6, SOCKET = 326, CONNECT = 328, SENDMSG = 341, GETSOCKNAME = 330,
  GETSOCKOPT = 340, CLOCK_GETTIME = 246, EXIT = 234, PPOLL = 281, STATX = 383,
  OPENAT = 286, GETRANDOM = 359
};

/* The kernel leaves the address of _start in r12; r2 is the table of contents. */
__asm__(".globl _start\n.type _start, @function\n_start:\n"
        " addis 2, 12, .TOC.-_start@ha\n addi 2, 2, .TOC.-_start@l\n"
        " .localentry _start, .-_start\n"
        " mr 3, 1\n clrrdi 1, 1, 4\n li 0, 0\n stdu 0, -112(1)\n mtlr 0\n bl entry\n nop\n");

/* An error comes as a positive number with the summary overflow bit set. */
static long call(long number, long a, long b, long c, long d, long e) {
  register long which __asm__("r0") = number;
  register long first __asm__("r3") = a;
  register long second __asm__("r4") = b;
  register long third __asm__("r5") = c;
  register long fourth __asm__("r6") = d;
  register long fifth __asm__("r7") = e;
  __asm__ volatile("sc\n bns+ 1f\n neg %1, %1\n 1:"
                   : "+r"(which), "+r"(first), "+r"(second), "+r"(third), "+r"(fourth),
                     "+r"(fifth)
                   :
                   : "memory", "cr0", "ctr", "xer", "r8", "r9", "r10", "r11", "r12");
  return first;
}

#elif defined(__s390x__)

enum {
  READ = 3, WRITE = 4, CLOSE = 6, SOCKET = 359, CONNECT = 362, SENDMSG = 370, GETSOCKNAME = 367,
  GETSOCKOPT = 365, CLOCK_GETTIME = 260, EXIT = 248, PPOLL = 302, STATX = 379,
  OPENAT = 288, GETRANDOM = 349
};

__asm__(".globl _start\n_start: lgr %r2, %r15\n aghi %r15, -160\n lghi %r0, 0\n"
        " stg %r0, 0(%r15)\n brasl %r14, entry\n");

static long call(long number, long a, long b, long c, long d, long e) {
  register long which __asm__("r1") = number;
  register long first __asm__("r2") = a;
  register long second __asm__("r3") = b;
  register long third __asm__("r4") = c;
  register long fourth __asm__("r5") = d;
  register long fifth __asm__("r6") = e;
  __asm__ volatile("svc 0"
                   : "+r"(first)
                   : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                   : "memory");
  return first;
}

#else
#error "no system calls for this architecture"
#endif

enum {
  EPERM = 1, ENOENT = 2, EINTR = 4, EAGAIN = 11, EACCES = 13, ENOTDIR = 20, EPIPE = 32,
  ENAMETOOLONG = 36, ENOSYS = 38, EAFNOSUPPORT = 97, EADDRNOTAVAIL = 99, ENETUNREACH = 101,
  ECONNRESET = 104, ETIMEDOUT = 110, ECONNREFUSED = 111, EHOSTUNREACH = 113, EINPROGRESS = 115
};

struct moment {
  int64_t seconds;
  long nanoseconds;
};

enum { REALTIME = 0, MONOTONIC = 1 };

/* The clock of 64 bits is new on machines of 32 (Linux 5.1), and old seccomp profiles refuse it. */
static struct moment now(long clock) {
  long old[2] = {0, 0};
#if !defined(__LP64__)
  int64_t wide[2];
  if (call(403, clock, (long)wide, 0, 0, 0) == 0)
    return (struct moment){wide[0], (long)wide[1]};
#endif
  call(CLOCK_GETTIME, clock, (long)old, 0, 0, 0);
  return (struct moment){old[0], old[1]};
}

static _Noreturn void leave(int status) {
  for (;;)
    call(EXIT, status, 0, 0, 0, 0);
}

/* The compiler calls these by name when it sees fit. */
void *memcpy(void *restrict to, const void *restrict from, size_t size) {
  char *at = to;
  const char *source = from;
  while (size--)
    *at++ = *source++;
  return to;
}

void *memset(void *to, int byte, size_t size) {
  char *at = to;
  while (size--)
    *at++ = (char)byte;
  return to;
}

#if defined(__arm__)
/* Not every ARMv7 divides; the compiler then calls these. */
unsigned __udivsi3(unsigned value, unsigned by) {
  unsigned result = 0;
  for (int shift = 31; shift >= 0; shift--)
    if (value >> shift >= by) {
      value -= by << shift;
      result |= 1u << shift;
    }
  return result;
}

int __divsi3(int value, int by) {
  unsigned result = __udivsi3(value < 0 ? -(unsigned)value : (unsigned)value,
                              by < 0 ? -(unsigned)by : (unsigned)by);
  return (value < 0) != (by < 0) ? -(int)result : (int)result;
}
#endif
