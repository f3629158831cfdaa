// What Swift's Glibc module leaves out, beside libpq itself.
#include <libpq-fe.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// prctl is variadic, which Swift does not import.
static inline void clibpq_name_this_thread(const char *name) { prctl(PR_SET_NAME, name); }

// Ends a statement of a pipeline. libpq 17 and newer leave the sending to PQflush, so that many statements are sent at once;
// older ones send each by itself. Which one it is turns out when the program starts.
extern int PQsendPipelineSync(PGconn *connection) __attribute__((weak));
static inline int clibpq_send_sync(PGconn *connection) {
    return PQsendPipelineSync ? PQsendPipelineSync(connection) : PQpipelineSync(connection);
}

// The calling thread, and those that it starts from here on, get a table of descriptors of their own, in which only the
// standard ones are open. 0 if that is so; the kernel can do it since Linux 5.9.
static inline int clibpq_leave_descriptors(void) {
#ifdef SYS_close_range
    return (int)syscall(SYS_close_range, 3U, ~0U, 1U << 1);
#else
    return -1;
#endif
}

// Behind a feature macro that Swift does not define.
extern int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *deadline);
