/* Becomes the program that a build chose: finds what the command line names, prepares the environment, executes. */

#include "config.h"
#include "environment.h"
#include "manifest.h"
#include "paths.h"
#include "program.h"
#include "report.h"
#include "runfiles.h"
#include "system.h"
#include "text.h"

/* What paths in arguments and variables are seen from. */
struct places {
    struct runfiles runfiles;
    const char *program_directory;
};

/* The directory of the program, or of what it is a link to when only there the first sibling is found. */
static const char *find_siblings(const struct config *config, const struct program *start)
{
    const char *needed = NULL;
    for (uint32_t i = 0; i < config->argument_count && !needed; i++)
        if (config->arguments[i].kind == SIBLING)
            needed = config->arguments[i].text;
    for (uint32_t i = 0; i < config->variable_count && !needed; i++)
        if (config->variables[i].kind == SIBLING)
            needed = config->variables[i].value;
    if (!needed)
        return NULL;

    if (start->path) {
        struct program program = *start;
        do {
            const char *directory = parent(program.path), *path = joined(directory, needed);
            if (exists(path))
                return directory;
            report_tried(path, "not there");
        } while (program_behind_link(&program));
    }
    report_and_exit(STATUS_NOT_FOUND,
                    concatenated("cannot find ", needed, " beside the program; these places were tried:"));
}

static char *resolved(const struct places *places, enum kind kind, const char *text)
{
    switch (kind) {
    case RUNFILE: return runfile(&places->runfiles, text);
    case SIBLING: return joined(places->program_directory, text);
    case LITERAL: break;
    }
    return (char *)text;
}

/* A manifest lies beside its tree or in it. */
static bool is_manifest_of(const char *manifest, const char *directory)
{
    return manifest && (same(manifest, concatenated(directory, "_manifest", NULL)) ||
                        same(manifest, concatenated(directory, "/MANIFEST", NULL)));
}

static void export_runfiles(struct environment *environment, const struct runfiles *runfiles)
{
    if (!runfiles->directory && !runfiles->manifest)
        return;
    /* What remains must name one place: libraries differ in which variable they ask first, and the variables may be
       those of the program that started this one. */
    if (runfiles->directory) {
        if (!is_manifest_of(environment_value(environment, "RUNFILES_MANIFEST_FILE"), runfiles->directory)) {
            environment_unset(environment, "RUNFILES_MANIFEST_FILE");
            environment_unset(environment, "RUNFILES_MANIFEST_ONLY");
        }
        environment_set(environment, concatenated("RUNFILES_DIR=", runfiles->directory, NULL));
        environment_set(environment, concatenated("JAVA_RUNFILES=", runfiles->directory, NULL));
    } else {
        environment_unset(environment, "RUNFILES_DIR");
        environment_unset(environment, "JAVA_RUNFILES");
        environment_set(environment, concatenated("RUNFILES_MANIFEST_FILE=", runfiles->manifest->path, NULL));
    }
}

static void apply(struct environment *environment, const struct variable *variable, const struct places *places)
{
    const char *old = environment_value(environment, variable->assignment);
    if (variable->mode == UNSET) {
        environment_unset(environment, variable->assignment);
        return;
    }
    if (variable->mode == SET_DEFAULT && old)
        return;
    char *assignment = (char *)variable->assignment;
    if (variable->kind != LITERAL)
        assignment = concatenated(slice(assignment, (size_t)(variable->value - assignment)),
                                  resolved(places, variable->kind, variable->value), NULL);
    /* An empty entry of a search path is the working directory, so none is made. */
    if (variable->mode == PREPEND_PATH && old && *old)
        assignment = concatenated(assignment, ":", old);
    environment_set(environment, assignment);
}

static char **command_line(const struct start *start, const struct config *config, const struct places *places)
{
    char **arguments = allocate((config->argument_count + start->argument_count + 1) * sizeof *arguments);
    size_t count = 0;
    for (uint32_t i = 0; i < config->argument_count; i++) {
        const struct argument *argument = &config->arguments[i];
        arguments[count++] = i == 0 && argument->kind == RUNFILE
                                 ? runfile_to_execute(&places->runfiles, argument->text)
                                 : resolved(places, argument->kind, argument->text);
    }
    for (size_t i = 1; i < start->argument_count; i++)
        arguments[count++] = start->arguments[i];
    return arguments;
}

_Noreturn void launch(const struct start *start)
{
    report_as(start->started_as ? start->started_as : start->argument_count ? start->arguments[0] : NULL);
    const struct config *config = read_config();
    if (!config)
        report_and_exit(STATUS_REFUSED, "this is the template of a launcher; no command line was written into it");

    struct program program;
    if (!program_as_started(start, &program))
        report_tried(start->started_as ? start->started_as : "the program", "has no absolute path");
    struct environment environment = environment_copy(start->environment, config->variable_count + 3);
    struct places places = {
        .runfiles = find_runfiles(config, start->privileged ? NULL : &environment, program.path ? &program : NULL),
        .program_directory = find_siblings(config, &program),
    };

    char **arguments = command_line(start, config, &places);
    if (config->export_runfiles)
        export_runfiles(&environment, &places.runfiles);
    for (uint32_t i = 0; i < config->variable_count; i++)
        apply(&environment, &config->variables[i], &places);

    long failure = system_execute(arguments[0], arguments, environment.entries);
    bool absent = failure == -ENOENT || failure == -ENOTDIR;
    /* The kernel has one failure for a file that is not there and for what the file in turn asks for. */
    const char *reason = absent && exists(arguments[0]) ? "the interpreter or loader it names is not there"
                                                        : reason_of(failure);
    report_forget_tried();
    report_and_exit(absent ? STATUS_NOT_FOUND : STATUS_REFUSED,
                    concatenated("cannot execute ", arguments[0], concatenated(": ", reason, NULL)));
}
