#include "text.h"

#include "report.h"
#include "system.h"

enum { CHUNK_SIZE = 1 << 16 };

void *allocate(size_t size)
{
    static char *next;
    static size_t left;

    size = (size + 15) & ~(size_t)15;
    if (size > left) {
        left = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        next = system_memory(left);
        if (!next) {
            report_and_exit(STATUS_REFUSED, "out of memory");
        }
    }
    void *memory = next;
    next += size;
    left -= size;
    return memory;
}

size_t length(const char *text)
{
    size_t size = 0;
    while (text[size])
        size++;
    return size;
}

bool starts_with(const char *text, const char *start)
{
    while (*start)
        if (*text++ != *start++)
            return false;
    return true;
}

bool same(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

bool ends_with(const char *text, const char *end)
{
    size_t text_size = length(text), end_size = length(end);
    return text_size >= end_size && same(text + text_size - end_size, end);
}

char *slice(const char *text, size_t size)
{
    char *copy = allocate(size + 1);
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i];
    return copy;
}

char *concatenated(const char *first, const char *second, const char *third)
{
    const char *parts[] = {first, second, third};
    size_t size = 0;
    for (int i = 0; i < 3; i++)
        size += parts[i] ? length(parts[i]) : 0;
    char *whole = allocate(size + 1), *end = whole;
    for (int i = 0; i < 3; i++)
        for (const char *part = parts[i]; part && *part; part++)
            *end++ = *part;
    return whole;
}
