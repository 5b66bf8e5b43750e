"""MODULE.bazel files as values: the module graph and its repository mappings.

`module_evaluation` turns one file into a `ModuleFile`; `module_graph` follows dependencies from the root and gives
each module its mapping from the names it uses to canonical repository names. Repositories that extensions make are
not obtained here: the graph says which are asked for, with which tags, and by whom.

The modules in `builtin/` are our own: BUILD and .bzl files with the load paths and symbols that workspaces expect.
"""
