#include "config.h"

#include "text.h"

enum { EXPORT_RUNFILES = 1 };

struct header {
    char magic[8];
    uint32_t size, flags, argument_count, variable_count;
};

#if defined(__APPLE__)
/* Mach-O cannot grow without moving the signature and the symbol table, so room is kept. */
__attribute__((section("__DATA,__config"), used)) volatile const char launcher_config[32768] = "VSLAUNC1";
#else
__attribute__((section(".config"), used)) volatile const char launcher_config[sizeof(struct header)] = "VSLAUNC1";
#endif

const struct config *read_config(void)
{
    const char *next;
    /* The compiler must not conclude anything from the contents that a template has. */
    __asm__("" : "=r"(next) : "0"(launcher_config));
    struct header header;
    for (size_t i = 0; i < sizeof header; i++)
        ((char *)&header)[i] = next[i];
    if (header.size == 0)
        return NULL;
    next += sizeof header;

    struct argument *arguments = allocate(header.argument_count * sizeof *arguments);
    for (uint32_t i = 0; i < header.argument_count; i++) {
        arguments[i] = (struct argument){(enum kind)next[0], next + 1};
        next += length(next) + 1;
    }
    struct variable *variables = allocate(header.variable_count * sizeof *variables);
    for (uint32_t i = 0; i < header.variable_count; i++) {
        const char *assignment = next + 2, *value = assignment;
        while (*value++ != '=')
            ;
        variables[i] = (struct variable){(enum mode)next[0], (enum kind)next[1], assignment, value};
        next += length(next) + 1;
    }

    struct config *config = allocate(sizeof *config);
    *config = (struct config){
        .export_runfiles = header.flags & EXPORT_RUNFILES,
        .argument_count = header.argument_count,
        .variable_count = header.variable_count,
        .arguments = arguments,
        .variables = variables,
    };
    return config;
}
