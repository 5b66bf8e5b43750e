/* Paths as text. Links are never resolved behind the caller's back: CPython looks for `pyvenv.cfg` beside the path it
   was started by, and programs look for their runfiles there. */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/* As many as the kernel follows. */
enum { MAX_LINKS = 40 };

bool exists(const char *path);

/* The working directory, or NULL when it has no name (it was removed, or lies outside the root). */
const char *working_directory(void);

/* `path` as seen from `base`, without empty components and `.`; `..` is folded where the directory before it is no
   link, so that the result means the same to the kernel. `base` is tidy and absolute, or empty for the root. */
char *joined(const char *base, const char *path);

/* NULL when a relative path has no working directory to stand on. */
char *absolute(const char *path);

/* `base/path`; the path is tidy and relative, or empty. */
char *below(const char *base, const char *path);

/* All before the last slash; of the root's children, the root. */
char *parent(const char *path);

/* Where the link `path` leads, one step; NULL when it is no link. */
char *link_target(const char *path);

/* Where the links from `path` on lead at last; those above it stay in the path. */
const char *behind_links(const char *path);
