// What Swift's Glibc module leaves out, beside libpq itself.
#include <libpq-fe.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

// prctl is variadic, which Swift does not import.
static inline void clibpq_name_this_thread(const char *name) { prctl(PR_SET_NAME, name); }
