/* The environment of the program to be started. */

#pragma once

#include <stddef.h>

struct environment {
    char **entries; /* NAME=value, ended by NULL */
    size_t count;
};

/* A copy with room for `more` variables. */
struct environment environment_copy(char *const *outside, size_t more);

/* The value, or NULL. `name` may be followed by an equals sign and more. */
const char *environment_value(const struct environment *environment, const char *name);

/* All assignments of the name are replaced; `assignment` is NAME=value and is kept, not copied. */
void environment_set(struct environment *environment, char *assignment);
void environment_unset(struct environment *environment, const char *name);
