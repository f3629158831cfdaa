#ifndef TENURE_MEMORY_HOLDER_H
#define TENURE_MEMORY_HOLDER_H

/// Has the sockets of this process closed as soon as it is killed, and not only after its memory has been taken apart.
///
/// Linux ends a process in that order: memory, then descriptors (do_exit in kernel/exit.c). Tens of megabytes take it
/// milliseconds, in which nobody can know that the process is dead. But it leaves alone what another process uses as well: so
/// there is one, named tenure-memory, that shares the memory, has nothing open, does nothing, and ends a moment after this one,
/// whatever ends that.
///
/// To be called once, early: what is open then stays open until the new process has closed its copy.
///
/// Returns 0 or the number of an error; ENOSYS on systems where this is not known. All works without it, too.
int hold_memory_after_death(void);

#endif
