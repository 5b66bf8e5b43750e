/* macOS through libSystem, whose calls are the system's only stable interface. */

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void system_exit(int status)
{
    _exit(status);
}

void system_write_error(const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        size -= (size_t)written;
    }
}

void *system_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

long system_exists(const char *path)
{
    return access(path, F_OK) == 0 ? 0 : -errno;
}

long system_working_directory(char *buffer, size_t size)
{
    return getcwd(buffer, size) ? (long)strlen(buffer) : -errno;
}

long system_read_link(const char *path, char *buffer, size_t size)
{
    ssize_t length = readlink(path, buffer, size);
    return length < 0 ? -errno : length;
}

/* The kernel names the program on the stack; there is nothing more to ask. */
long system_program_file(char *buffer, size_t size)
{
    (void)buffer, (void)size;
    return -ENOENT;
}

static long read_all(int file, char *bytes, long size)
{
    long have = 0;
    while (have < size) {
        ssize_t count = read(file, bytes + have, (size_t)(size - have));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        have += count;
    }
    return have;
}

long system_read_file(const char *path, char **bytes)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -errno;
    long size = lseek(file, 0, SEEK_END);
    if (size < 0)
        size = -errno;
    if (size > 0) {
        lseek(file, 0, SEEK_SET);
        *bytes = system_memory((size_t)size);
        size = *bytes ? read_all(file, *bytes, size) : -ENOMEM;
    }
    close(file);
    return size;
}

long system_execute(const char *path, char *const *arguments, char *const *environment)
{
    execve(path, arguments, environment);
    return -errno;
}

/* The fourth argument of main is an array of facts from the kernel; the path that was executed comes first. */
int main(int argument_count, char **arguments, char **environment, char **facts)
{
    static const char key[] = "executable_path=";
    struct start start = {
        .argument_count = (size_t)argument_count,
        .arguments = arguments,
        .environment = environment,
        .privileged = issetugid(),
    };
    if (facts[0] && strncmp(facts[0], key, sizeof key - 1) == 0)
        start.started_as = facts[0] + sizeof key - 1;
    launch(&start);
}
