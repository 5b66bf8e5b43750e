#include "manifest.h"

#include "paths.h"
#include "report.h"
#include "system.h"
#include "text.h"

#include <stdbool.h>

/* A line without its leading space; `end` is the newline or the end of the file. */
struct entry {
    bool escaped;
    const char *path, *path_end;
    const char *target, *end;
};

const struct manifest *read_manifest(const char *path, const char **problem)
{
    char *bytes = NULL;
    long size = system_read_file(path, &bytes);
    if (size < 0) {
        *problem = reason_of(size);
        return NULL;
    }
    struct manifest *manifest = allocate(sizeof *manifest);
    *manifest = (struct manifest){path, bytes, (size_t)size};
    return manifest;
}

/* Read the entry at `*next` and move there past it. */
static bool next_entry(const struct manifest *manifest, const char **next, struct entry *entry)
{
    const char *all_end = manifest->bytes + manifest->size, *byte = *next;
    if (byte >= all_end)
        return false;
    entry->escaped = *byte == ' ';
    entry->path = byte += entry->escaped;
    while (byte < all_end && *byte != ' ' && *byte != '\n')
        byte++;
    entry->path_end = byte;
    entry->target = byte += byte < all_end && *byte == ' ';
    while (byte < all_end && *byte != '\n')
        byte++;
    entry->end = byte;
    *next = byte + 1;
    return true;
}

/* The byte at `*text`, which moves past it. */
static char unescaped(const char **text, const char *end, bool escaped)
{
    char byte = *(*text)++;
    if (!escaped || byte != '\\' || *text == end)
        return byte;
    switch (*(*text)++) {
    case 's': return ' ';
    case 'n': return '\n';
    case 'b': return '\\';
    }
    (*text)--;
    return byte;
}

static char *unescaped_text(const char *text, const char *end, bool escaped)
{
    char *whole = allocate((size_t)(end - text) + 1);
    for (char *out = whole; text < end; out++)
        *out = unescaped(&text, end, escaped);
    return whole;
}

/* How many bytes of `path` the entry's path takes when it is the path itself or a directory above it, else 0. */
static size_t covered(const struct entry *entry, const char *path)
{
    const char *text = entry->path, *rest = path;
    while (text < entry->path_end)
        if (!*rest || unescaped(&text, entry->path_end, entry->escaped) != *rest++)
            return 0;
    return *rest == '\0' || *rest == '/' ? (size_t)(rest - path) : 0;
}

static char *longest_cover(const struct manifest *manifest, const char *path, size_t *cover)
{
    struct entry entry, best = {0};
    *cover = 0;
    for (const char *next = manifest->bytes; next_entry(manifest, &next, &entry);) {
        size_t size = covered(&entry, path);
        if (size > *cover) {
            *cover = size;
            best = entry;
        }
    }
    return *cover ? unescaped_text(best.target, best.end, best.escaped) : NULL;
}

/* `text` as seen from the directory of the entry `path`, all within the runfiles; NULL when it leads out of them. */
static char *seen_from(const char *path, const char *text)
{
    size_t size = length(path);
    char *whole = allocate(size + length(text) + 2);
    for (size_t i = 0; i < size; i++)
        whole[i] = path[i];
    while (size > 0 && whole[size - 1] != '/')
        size--;
    /* From here on `whole` is empty or ends with a slash. */
    while (*text) {
        size_t part = 0;
        while (text[part] && text[part] != '/')
            part++;
        if (part == 2 && text[0] == '.' && text[1] == '.') {
            if (size == 0)
                return NULL;
            size--;
            while (size > 0 && whole[size - 1] != '/')
                size--;
        } else if (part > 1 || (part == 1 && text[0] != '.')) {
            for (size_t i = 0; i < part; i++)
                whole[size++] = text[i];
            whole[size++] = '/';
        }
        text += part;
        while (*text == '/')
            text++;
    }
    if (size == 0)
        return NULL;
    whole[size - 1] = '\0';
    return whole;
}

/* By its own entry or by that of a directory above it. */
static char *listed(const struct manifest *manifest, const char *path, const char **problem)
{
    for (int i = 0; i < MAX_LINKS; i++) {
        size_t cover;
        char *target = longest_cover(manifest, path, &cover);
        if (!target) {
            *problem = NULL;
            return NULL;
        }
        if (!*target) {
            *problem = "listed as an empty file";
            return NULL;
        }
        if (*target == '/')
            return concatenated(target, path + cover, NULL);
        char *seen = seen_from(slice(path, cover), target);
        if (!seen) {
            *problem = "listed as a link that leads out of the runfiles";
            return NULL;
        }
        path = concatenated(seen, path + cover, NULL);
    }
    *problem = "too many levels of links";
    return NULL;
}

/* By the entries below it, when their targets lie together as well. */
static char *listed_by_contents(const struct manifest *manifest, const char *path)
{
    size_t size = length(path);
    struct entry entry;
    for (const char *next = manifest->bytes; next_entry(manifest, &next, &entry);) {
        if (entry.target == entry.end || *entry.target != '/')
            continue;
        char *inner = unescaped_text(entry.path, entry.path_end, entry.escaped);
        if (!starts_with(inner, path) || inner[size] != '/')
            continue;
        char *target = unescaped_text(entry.target, entry.end, entry.escaped);
        if (!ends_with(target, inner + size))
            continue;
        char *directory = slice(target, length(target) - length(inner + size));
        if (exists(directory))
            return directory;
    }
    return NULL;
}

char *manifest_lookup(const struct manifest *manifest, const char *path, const char **problem)
{
    char *found = listed(manifest, path, problem);
    if (found || *problem)
        return found;
    found = listed_by_contents(manifest, path);
    *problem = found ? NULL : "not listed";
    return found;
}
