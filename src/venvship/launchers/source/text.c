#include "text.h"

#include "report.h"
#include "system.h"

enum { ALIGNMENT = 16, CHUNK_SIZE = 1 << 16 };

/* The first chunk lies beside the program and in one page with what is known of it; a mapping elsewhere would need page
   tables of its own. */
static struct {
    char *next;
    size_t left;
    _Alignas(ALIGNMENT) char first[CHUNK_SIZE];
} memory;

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

void *allocate(size_t size)
{
    size = aligned(size);
    if (!memory.next) {
        memory.next = memory.first;
        memory.left = sizeof memory.first;
    }
    if (size > memory.left) {
        memory.left = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        memory.next = system_memory(memory.left);
        if (!memory.next) {
            report_and_exit(STATUS_REFUSED, "out of memory");
        }
    }
    void *given = memory.next;
    memory.next += size;
    memory.left -= size;
    return given;
}

void shorten(void *latest, size_t size)
{
    char *end = (char *)latest + aligned(size);
    memory.left += (size_t)(memory.next - end);
    memory.next = end;
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
