#define _GNU_SOURCE
#include "CMemoryHolder.h"

#include <errno.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// For the holder. Its memory is the program's, and with it what libc keeps for the thread that called: so it calls nothing of
// libc, which would set errno at the least.
static long system_call(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
#endif
}

// As the kernel writes a set of signals.
static const uint64_t hang_up = UINT64_C(1) << (SIGHUP - 1);

// To take the memory apart takes a processor, which is wanted for the takeover first.
static const struct timespec after_takeover = {.tv_nsec = 200 * 1000 * 1000};

static int hold(void *parent) {
    // It has a table of descriptors of its own: the copy must not keep open what the program closes.
    system_call(SYS_close_range, 0, ~0U, 0, 0);
    system_call(SYS_prctl, PR_SET_NAME, (long)"tenure-memory", 0, 0);
    // Whenever a thread dies whose child it is; it is the next thread's then, and the next process's in the end.
    system_call(SYS_prctl, PR_SET_PDEATHSIG, SIGHUP, 0, 0);
    while (system_call(SYS_getppid, 0, 0, 0, 0) == (long)parent) {
        long signal = system_call(SYS_rt_sigtimedwait, (long)&hang_up, 0, 0, sizeof hang_up);
        // A sandbox may forbid it: better no holder than one that spins.
        if (signal < 0 && signal != -EINTR) break;
    }
    system_call(SYS_nanosleep, (long)&after_takeover, 0, 0, 0);
    system_call(SYS_exit_group, 0, 0, 0, 0);
    __builtin_unreachable();
}

int hold_memory_after_death(void) {
    // Mapped for good: the holder stands on it.
    const size_t size = 16384;
    char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return errno;
    sigset_t all, before;
    sigfillset(&all);
    // The holder is asked for by nobody's signals: they are for the program.
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // Nothing but the memory is shared, and no signal tells of its end.
    int error = clone(hold, stack + size, CLONE_VM, (void *)(long)getpid()) < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) munmap(stack, size);
    return error;
}

#else

int hold_memory_after_death(void) { return ENOSYS; }

#endif
