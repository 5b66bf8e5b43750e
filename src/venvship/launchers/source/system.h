/* What the launcher asks of the operating system: one implementation per system, nothing else includes its headers.
   A failure is a negative errno value. */

#pragma once

#include <stddef.h>

#if defined(__linux__)
#include <asm/errno.h>
#else
#include <errno.h>
#endif

/* The longest path that a kernel takes, with its NUL. */
enum { PATH_SIZE = 4096 };

_Noreturn void system_exit(int status);
void system_write_error(const char *bytes, size_t size);

/* Zeroed memory, or NULL. */
void *system_memory(size_t size);

/* 0 when the path leads to something, through links. */
long system_exists(const char *path);

/* These three return the length of what they wrote to `buffer`, without a NUL. */
long system_working_directory(char *buffer, size_t size);
long system_read_link(const char *path, char *buffer, size_t size);
long system_program_file(char *buffer, size_t size);

/* The size of the file whose contents `*bytes` then points to. */
long system_read_file(const char *path, char **bytes);

/* Returns only on failure. */
long system_execute(const char *path, char *const *arguments, char *const *environment);

/* Called by the system's start code. `started_as` is the path that the kernel was asked to execute, or NULL;
   `privileged` says that the environment comes from somebody with fewer rights than the program. */
struct start {
    size_t argument_count;
    char **arguments;
    char **environment;
    const char *started_as;
    int privileged;
};
_Noreturn void launch(const struct start *start);
