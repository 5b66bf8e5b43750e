/* A runfiles manifest: one `path SP target` a line. A line that begins with a space has `\s`, `\n` and `\b` for space,
   newline and backslash in the path, and the last two in the target. A target is absolute; or relative, when the entry
   is a symbolic link whose text was recorded, and then it is seen from the entry's directory among the runfiles. */

#pragma once

#include <stddef.h>

struct manifest {
    const char *path;
    const char *bytes;
    size_t size;
};

/* NULL when the file cannot be read; `*problem` says why. */
const struct manifest *read_manifest(const char *path, const char **problem);

/* Where a runfile lies: by its own entry, by that of the longest directory above it, or, for a directory, by the
   entries below it. NULL when it is not listed; `*problem` says so in words. */
char *manifest_lookup(const struct manifest *manifest, const char *path, const char **problem);
