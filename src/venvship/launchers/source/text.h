/* Strings and memory. Nothing is ever freed: the program lives until it becomes another one. */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Memory that is all zero. */
void *allocate(size_t size);

/* Keep only `size` bytes of what was allocated last; nothing was written behind them. */
void shorten(void *latest, size_t size);

size_t length(const char *text);
bool same(const char *one, const char *other);
bool starts_with(const char *text, const char *start);
bool ends_with(const char *text, const char *end);

/* The first `size` bytes of `text`, as a string of their own. */
char *slice(const char *text, size_t size);

/* Up to three strings in a row; NULL stands for none. */
char *concatenated(const char *first, const char *second, const char *third);
