#include "environment.h"

#include "text.h"

struct environment environment_copy(char *const *outside, size_t more)
{
    struct environment environment = {NULL, 0};
    while (outside[environment.count])
        environment.count++;
    environment.entries = allocate((environment.count + more + 1) * sizeof *environment.entries);
    for (size_t i = 0; i < environment.count; i++)
        environment.entries[i] = outside[i];
    return environment;
}

/* The value of an entry when it assigns to `name`. */
static const char *value_of(const char *entry, const char *name)
{
    while (*name && *name != '=' && *entry == *name)
        entry++, name++;
    return *entry == '=' && (*name == '\0' || *name == '=') ? entry + 1 : NULL;
}

const char *environment_value(const struct environment *environment, const char *name)
{
    for (size_t i = 0; i < environment->count; i++) {
        const char *value = value_of(environment->entries[i], name);
        if (value)
            return value;
    }
    return NULL;
}

void environment_unset(struct environment *environment, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < environment->count; i++)
        if (!value_of(environment->entries[i], name))
            environment->entries[kept++] = environment->entries[i];
    environment->count = kept;
    environment->entries[kept] = NULL;
}

void environment_set(struct environment *environment, char *assignment)
{
    environment_unset(environment, assignment);
    environment->entries[environment->count++] = assignment;
    environment->entries[environment->count] = NULL;
}
