#include "program.h"

#include "paths.h"
#include "system.h"
#include "text.h"

#include <stdbool.h>

static const char *system_path(void)
{
    char buffer[PATH_SIZE];
    long size = system_program_file(buffer, sizeof buffer);
    return size > 0 && size < (long)sizeof buffer && buffer[0] == '/' ? slice(buffer, (size_t)size) : NULL;
}

bool program_as_started(const struct start *start, struct program *program)
{
    /* argv[0] is whatever the caller likes it to be and is not asked. */
    const char *path = start->started_as ? absolute(start->started_as) : NULL;
    *program = (struct program){path ? path : system_path(), 0};
    return program->path;
}

bool program_behind_link(struct program *program)
{
    if (program->links_followed > MAX_LINKS)
        return false;
    const char *next = link_target(program->path);
    if (next) {
        program->links_followed++;
    } else {
        /* Started by a file descriptor or as the interpreter of a script, the kernel's path names another file. */
        next = system_path();
        program->links_followed = MAX_LINKS + 1;
        if (!next || same(next, program->path))
            return false;
    }
    program->path = next;
    return true;
}
