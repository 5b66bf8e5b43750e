#include "paths.h"

#include "system.h"
#include "text.h"

bool exists(const char *path)
{
    return system_exists(path) == 0;
}

const char *working_directory(void)
{
    static char *known;
    if (!known) {
        char buffer[PATH_SIZE];
        long size = system_working_directory(buffer, sizeof buffer);
        if (size <= 0 || buffer[0] != '/')
            return NULL;
        known = slice(buffer, (size_t)size);
    }
    return known;
}

static bool is_directory_not_link(const char *path)
{
    char byte;
    return system_read_link(path, &byte, 1) == -EINVAL;
}

char *joined(const char *base, const char *path)
{
    size_t size = same(base, "/") ? 0 : length(base);
    char *whole = allocate(size + length(path) + 3);
    for (size_t i = 0; i < size; i++)
        whole[i] = base[i];

    while (*path) {
        size_t part = 0;
        while (path[part] && path[part] != '/')
            part++;
        bool here = part == 0 || (part == 1 && path[0] == '.');
        bool up = part == 2 && path[0] == '.' && path[1] == '.';
        whole[size] = '\0';
        if (up && size == 0) {
            /* The root is its own parent. */
        } else if (up && !ends_with(whole, "/..") && is_directory_not_link(whole)) {
            while (whole[--size] != '/')
                ;
        } else if (!here) {
            whole[size++] = '/';
            for (size_t i = 0; i < part; i++)
                whole[size++] = path[i];
        }
        path += part;
        while (*path == '/')
            path++;
    }
    if (size == 0)
        whole[size++] = '/';
    whole[size] = '\0';
    return whole;
}

char *absolute(const char *path)
{
    if (path[0] == '/')
        return joined("", path);
    const char *base = working_directory();
    return base ? joined(base, path) : NULL;
}

char *below(const char *base, const char *path)
{
    if (!*path)
        return slice(base, length(base));
    return concatenated(base, ends_with(base, "/") ? "" : "/", path);
}

char *parent(const char *path)
{
    size_t size = length(path);
    while (size > 0 && path[size - 1] != '/')
        size--;
    return size > 1 ? slice(path, size - 1) : slice("/", 1);
}

char *link_target(const char *path)
{
    char *text = allocate(PATH_SIZE);
    long size = system_read_link(path, text, PATH_SIZE);
    if (size == PATH_SIZE)
        return NULL;
    shorten(text, size > 0 ? (size_t)size + 1 : 0);
    if (size <= 0)
        return NULL;
    return text[0] == '/' ? joined("", text) : joined(parent(path), text);
}

const char *behind_links(const char *path)
{
    const char *next;
    for (int i = 0; i < MAX_LINKS && (next = link_target(path)); i++)
        path = next;
    return path;
}
