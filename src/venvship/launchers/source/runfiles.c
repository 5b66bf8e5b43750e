#include "runfiles.h"

#include "config.h"
#include "environment.h"
#include "manifest.h"
#include "paths.h"
#include "program.h"
#include "report.h"
#include "text.h"

enum holding {
    NOTHING,
    FIRST_ONLY, /* the first runfile that is needed */
    ALL,
};

struct search {
    const char *const *needed;
    size_t needed_count;
    struct runfiles best;
    enum holding best_holding;
};

static struct search new_search(const struct config *config)
{
    const char **needed = allocate((config->argument_count + config->variable_count) * sizeof *needed);
    struct search search = {.needed = needed};
    for (uint32_t i = 0; i < config->argument_count; i++)
        if (config->arguments[i].kind == RUNFILE)
            needed[search.needed_count++] = config->arguments[i].text;
    if (search.needed_count > 0)
        return search;
    for (uint32_t i = 0; i < config->variable_count; i++)
        if (config->variables[i].kind == RUNFILE)
            needed[search.needed_count++] = config->variables[i].value;
    return search;
}

/* Keep the place when it is better than what was found before; true when there is no better one. */
static bool keep(struct search *search, struct runfiles place, enum holding holding)
{
    if (holding > search->best_holding) {
        search->best = place;
        search->best_holding = holding;
    }
    return search->best_holding == ALL;
}

static bool try_directory(struct search *search, const char *directory)
{
    const char *behind = behind_links(directory);
    enum holding holding = ALL;
    for (size_t i = 0; i < search->needed_count && holding == ALL; i++) {
        if (exists(below(behind, search->needed[i])))
            continue;
        holding = i > 0 ? FIRST_ONLY : NOTHING;
        char *path = below(directory, search->needed[i]);
        const char *link = link_target(path);
        report_tried(path, link ? concatenated("a link to ", link, ", which is not there") : "not there");
    }
    if (search->needed_count == 0 && !exists(behind))
        holding = NOTHING;
    return keep(search, (struct runfiles){behind, NULL}, holding);
}

static bool try_manifest(struct search *search, const char *path)
{
    const char *problem = NULL;
    const struct manifest *manifest = read_manifest(path, &problem);
    if (!manifest) {
        report_tried(path, problem);
        return false;
    }
    enum holding holding = ALL;
    for (size_t i = 0; i < search->needed_count && holding == ALL; i++) {
        char *file = manifest_lookup(manifest, search->needed[i], &problem);
        if (file && exists(file))
            continue;
        holding = i > 0 ? FIRST_ONLY : NOTHING;
        if (file)
            problem = concatenated("listed as ", file, ", which is not there");
        report_tried(concatenated(path, ", ", search->needed[i]), problem);
    }
    return keep(search, (struct runfiles){NULL, manifest}, holding);
}

/* A manifest lies beside its tree or in it. */
static bool try_tree_of_manifest(struct search *search, const char *path)
{
    if (ends_with(path, ".runfiles_manifest"))
        return try_directory(search, slice(path, length(path) - length("_manifest")));
    return ends_with(path, ".runfiles/MANIFEST") && try_directory(search, parent(path));
}

static bool try_environment(struct search *search, const struct environment *outside)
{
    const char *directory = environment_value(outside, "RUNFILES_DIR");
    if (directory && *directory && (directory = absolute(directory)) && try_directory(search, directory))
        return true;
    const char *manifest = environment_value(outside, "RUNFILES_MANIFEST_FILE");
    return manifest && *manifest && (manifest = absolute(manifest)) &&
           (try_tree_of_manifest(search, manifest) || try_manifest(search, manifest));
}

/* The directories above the program whose names end in `.runfiles`, from the inside out. */
static bool try_trees_around(struct search *search, const char *program)
{
    static const char suffix[] = ".runfiles/";
    for (size_t i = length(program); i > 0; i--)
        if (starts_with(program + i, suffix) && try_directory(search, slice(program, i + sizeof suffix - 2)))
            return true;
    return false;
}

static bool try_program(struct search *search, struct program program)
{
    do {
        if (try_directory(search, concatenated(program.path, ".runfiles", NULL)))
            return true;
        if (try_trees_around(search, program.path))
            return true;
        const char *directory = parent(program.path);
        if (!same(directory, "/") && try_directory(search, concatenated(directory, ".runfiles", NULL)))
            return true;
        if (try_manifest(search, concatenated(program.path, ".runfiles_manifest", NULL)))
            return true;
    } while (program_behind_link(&program));
    return false;
}

struct runfiles find_runfiles(
    const struct config *config, const struct environment *outside, const struct program *program)
{
    struct search search = new_search(config);
    if (search.needed_count == 0 && !config->export_runfiles)
        return search.best;
    if (!(outside && try_environment(&search, outside)) && program)
        try_program(&search, *program);
    if (search.best_holding == NOTHING && search.needed_count > 0)
        report_and_exit(STATUS_NOT_FOUND,
                        concatenated("cannot find the runfile ", search.needed[0], "; these places were tried:"));
    return search.best;
}

char *runfile(const struct runfiles *runfiles, const char *path)
{
    if (runfiles->directory)
        return below(runfiles->directory, path);
    const char *problem = NULL;
    char *file = manifest_lookup(runfiles->manifest, path, &problem);
    if (!file) {
        report_forget_tried();
        report_tried(concatenated(runfiles->manifest->path, ", ", path), problem);
        report_and_exit(STATUS_NOT_FOUND, concatenated("cannot find the runfile ", path, ":"));
    }
    return file;
}

char *runfile_to_execute(const struct runfiles *runfiles, const char *path)
{
    char *file = runfile(runfiles, path);
    if (runfiles->directory)
        return file;

    const char *problem = NULL;
    char *bin = parent(path), *marker = concatenated(parent(bin), "/pyvenv.cfg", NULL);
    char *marker_file = manifest_lookup(runfiles->manifest, marker, &problem);
    if (!marker_file)
        return file;
    char *found = concatenated(parent(marker_file), path + length(parent(bin)), NULL);
    if (ends_with(marker_file, "/pyvenv.cfg") && exists(marker_file) && exists(found))
        return found;
    report_forget_tried();
    report_tried(marker, concatenated("listed as ", marker_file, NULL));
    report_tried(path, concatenated("expected at ", found, ", which is not there"));
    report_and_exit(STATUS_NOT_FOUND,
                    "the virtualenv is known from a manifest only, and its files do not lie together; set RUNFILES_DIR "
                    "to a runfiles directory:");
}
