"""MODULE, BUILD and .bzl files become unconfigured targets: packages, globs, macros, rule classes, visibility.

A package is loaded when somebody asks for a label in it, and once. Its BUILD file is compiled (or taken from the
code cache), the `.bzl` files it loads are evaluated first, each once for everybody, and calling a rule adds a
`RuleTarget` to the `PackageBuilder` of the thread that runs. Values are checked and converted there and then; what
is wrong is collected, so that all problems of a package are reported together. `select()` stays open: only analysis
knows the configuration. A rule class carries its implementation along unopened.

The disk is seen through `RecordedFiles` only. Every look is an observation in the memo, and so the record of a
package says exactly which files, directory listings and missing files it depends on.
"""
