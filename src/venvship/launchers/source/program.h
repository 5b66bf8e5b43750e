/* Where the program itself lies: first under the name it was started by, then where its links lead, one at a time, so
   that files beside a link win over files beside what it leads to. */

#pragma once

struct start;

struct program {
    const char *path; /* absolute; the current name */
    int links_followed;
};

/* False when the program cannot tell. */
_Bool program_as_started(const struct start *start, struct program *program);

/* Follow one link; false at the end. */
_Bool program_behind_link(struct program *program);
