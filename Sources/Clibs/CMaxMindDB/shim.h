#include <maxminddb.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A file in memory without a name, closed on exec; -1 and errno where there is none to be had. Glibc declares it for
   _GNU_SOURCE alone, which Swift's import does not set. */
static inline int weir_memory_file(const char *name) {
  return (int)syscall(SYS_memfd_create, name, 1U /* MFD_CLOEXEC */);
}
