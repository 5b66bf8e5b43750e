/* What a build wrote into the program: see `venvship.launchers.config`, which is the other half of this file.

       bytes 8   "VSLAUNC1"
       u32       size of the whole, 0 in a template
       u32       flags
       u32, u32  number of arguments, number of variables
       argument  kind, text, NUL
       variable  mode, kind, "NAME=value", NUL

   Numbers are little-endian. */

#pragma once

#include <stdbool.h>
#include <stdint.h>

enum kind {
    LITERAL = 'l',
    RUNFILE = 'r', /* a path below the runfiles directory */
    SIBLING = 's', /* a path seen from the directory of the program itself */
};

enum mode {
    SET = '=',
    SET_DEFAULT = '?',  /* only when the variable is not set outside */
    PREPEND_PATH = '<', /* in front of what is set outside, with a colon between */
    UNSET = '-',
};

struct argument {
    enum kind kind;
    const char *text;
};

struct variable {
    enum mode mode;
    enum kind kind;
    const char *assignment; /* NAME=value */
    const char *value;      /* the part after the equals sign */
};

struct config {
    bool export_runfiles;
    uint32_t argument_count, variable_count;
    const struct argument *arguments;
    const struct variable *variables;
};

/* NULL in a template that no build has finalised. */
const struct config *read_config(void);
