#include <unbound.h>

// What wakes the thread that waits for libunbound; Swift's Glibc does not show it.
#include <sys/eventfd.h>

static inline int weir_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
