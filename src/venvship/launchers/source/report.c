#include "report.h"

#include "system.h"
#include "text.h"

struct line {
    const char *place, *reason;
    struct line *next;
};

static const char *program_name;
static struct line *first_line, *last_line;

void report_as(const char *program)
{
    program_name = program;
}

void report_tried(const char *place, const char *reason)
{
    struct line *line = allocate(sizeof *line);
    *line = (struct line){place, reason, NULL};
    if (last_line)
        last_line->next = line;
    else
        first_line = line;
    last_line = line;
}

void report_forget_tried(void)
{
    first_line = last_line = NULL;
}

static void say(const char *text)
{
    system_write_error(text, length(text));
}

/* Written piece by piece when memory is what is missing. */
_Noreturn void report_and_exit(int status, const char *message)
{
    static bool reporting;
    if (reporting) {
        say(message);
        say("\n");
        system_exit(status);
    }
    reporting = true;
    char *whole = concatenated(program_name ? program_name : "launcher", ": ", message);
    for (struct line *line = first_line; line; line = line->next)
        whole = concatenated(whole, "\n  ", concatenated(line->place, ": ", line->reason));
    say(concatenated(whole, "\n", NULL));
    system_exit(status);
}

const char *reason_of(long failure)
{
    switch (-failure) {
    case ENOENT: return "no such file or directory";
    case ENOTDIR: return "not a directory";
    case EISDIR: return "is a directory";
    case EACCES: return "permission denied";
    case EPERM: return "operation not permitted";
    case ELOOP: return "too many levels of links";
    case ENAMETOOLONG: return "name too long";
    case ENOEXEC: return "not a program for this machine";
    case E2BIG: return "argument list too long";
    case ENOMEM: return "out of memory";
    case ETXTBSY: return "the file is being written";
    case EMFILE: case ENFILE: return "too many open files";
    }
    char *number = slice("0000", 4);
    unsigned long rest = (unsigned long)-failure;
    for (int i = 3; i >= 0; i--, rest /= 10)
        number[i] = (char)('0' + rest % 10);
    return concatenated("system error ", number, NULL);
}
