// What glibc declares only under _GNU_SOURCE, which the module Glibc is not built with.
#include <spawn.h>

extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int pipe2(int ends[2], int flags);

// POSIX_SPAWN_SETSID
static const short weir_spawn_setsid = 0x80;
