/* Linux without a C library: the kernel's calls, and the first instructions of the program. */

#include "system.h"

#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <stdint.h>

enum { F_OK = 0, SEEK_SET = 0, SEEK_END = 2, STDERR = 2 };

#if defined(__x86_64__)

__asm__(".global _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call start_on_stack\n");

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__)

__asm__(".global _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    mov x30, #0\n"
        "    mov x0, sp\n"
        "    and sp, x0, #-16\n"
        "    bl start_on_stack\n");

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

#endif

/* The compiler may turn loops and structures into calls of these. */
__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

__attribute__((used)) void *memset(void *to, int byte, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = (char)byte;
    return to;
}

/* The stack at the start: argument count, arguments, NULL, environment, NULL, auxiliary vector. */
__attribute__((used)) _Noreturn void start_on_stack(uintptr_t *stack)
{
    struct start start = {.argument_count = stack[0], .arguments = (char **)(stack + 1)};
    start.environment = start.arguments + start.argument_count + 1;
    char **end = start.environment;
    while (*end)
        end++;
    for (uintptr_t *entry = (uintptr_t *)(end + 1); entry[0] != AT_NULL; entry += 2) {
        if (entry[0] == AT_EXECFN)
            start.started_as = (const char *)entry[1];
        if (entry[0] == AT_SECURE)
            start.privileged = entry[1] != 0;
    }
    launch(&start);
}

_Noreturn void system_exit(int status)
{
    for (;;)
        call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

void system_write_error(const char *bytes, size_t size)
{
    while (size > 0) {
        long written = call(__NR_write, STDERR, (long)bytes, (long)size, 0, 0, 0);
        if (written == -EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        size -= (size_t)written;
    }
}

void *system_memory(size_t size)
{
    long address = call(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return address < 0 && address > -4096 ? NULL : (void *)address;
}

long system_exists(const char *path)
{
    return call(__NR_faccessat, AT_FDCWD, (long)path, F_OK, 0, 0, 0);
}

long system_working_directory(char *buffer, size_t size)
{
    long length = call(__NR_getcwd, (long)buffer, (long)size, 0, 0, 0, 0);
    return length < 0 ? length : length - 1;
}

long system_read_link(const char *path, char *buffer, size_t size)
{
    return call(__NR_readlinkat, AT_FDCWD, (long)path, (long)buffer, (long)size, 0, 0);
}

long system_program_file(char *buffer, size_t size)
{
    return system_read_link("/proc/self/exe", buffer, size);
}

static long read_all(int file, char *bytes, long size)
{
    long have = 0;
    while (have < size) {
        long count = call(__NR_read, file, (long)(bytes + have), size - have, 0, 0, 0);
        if (count == -EINTR)
            continue;
        if (count < 0)
            return count;
        if (count == 0)
            break;
        have += count;
    }
    return have;
}

long system_read_file(const char *path, char **bytes)
{
    long file = call(__NR_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (file < 0)
        return file;
    long size = call(__NR_lseek, file, 0, SEEK_END, 0, 0, 0);
    if (size > 0) {
        call(__NR_lseek, file, 0, SEEK_SET, 0, 0, 0);
        *bytes = system_memory((size_t)size);
        size = *bytes ? read_all((int)file, *bytes, size) : -ENOMEM;
    }
    call(__NR_close, file, 0, 0, 0, 0, 0);
    return size;
}

long system_execute(const char *path, char *const *arguments, char *const *environment)
{
    return call(__NR_execve, (long)path, (long)arguments, (long)environment, 0, 0, 0);
}
