// What Swift's Glibc module leaves out, beside libpq itself.
#include <libpq-fe.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// prctl is variadic, which Swift does not import.
static inline void clibpq_name_this_thread(const char *name) { prctl(PR_SET_NAME, name); }

// Ends a statement of a pipeline. libpq 17 and newer leave the sending to PQflush, so that many statements are sent at once;
// older ones send each by itself. Which one it is turns out when the program starts.
extern int PQsendPipelineSync(PGconn *connection) __attribute__((weak));
static inline int clibpq_send_sync(PGconn *connection) {
    return PQsendPipelineSync ? PQsendPipelineSync(connection) : PQpipelineSync(connection);
}
