/* Where the runfiles are. In order: the directory and the manifest that the environment names, then for each name of
   the program, from the one it was started by to where its links lead: `<program>.runfiles`, the runfiles tree that
   the program lies in, `<directory of the program>.runfiles`, which several programs of an image share, and
   `<program>.runfiles_manifest`.

   A place counts when it holds the runfiles that the command line needs. So a program that was started by another one,
   with that one's variables, finds its own; and the first place that holds at least the program to execute is taken
   when none holds everything.

   A tree that is a link is called by where it leads: a build puts trees where paths are short, because an interpreter
   walks them for every module that it looks for. */

#pragma once

struct config;
struct environment;
struct manifest;
struct program;

struct runfiles {
    const char *directory;           /* absolute, or NULL */
    const struct manifest *manifest; /* when there is no directory */
};

/* Reports and exits when runfiles are needed and nowhere to be found. With nothing needed, both members may be NULL.
   `outside` is NULL when the environment is not to be trusted, `program` when its place is unknown. */
struct runfiles find_runfiles(
    const struct config *config, const struct environment *outside, const struct program *program);

/* The absolute path of a runfile. */
char *runfile(const struct runfiles *runfiles, const char *path);

/* The path to execute a runfile by. CPython finds its virtualenv beside that path, so of a manifest the place is taken
   where the virtualenv's files lie together, and there is no start without one. */
char *runfile_to_execute(const struct runfiles *runfiles, const char *path);
