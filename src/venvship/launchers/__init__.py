"""The native launcher: argv and environment written into a prebuilt program.

A launcher is a few kilobytes of freestanding C (`source/`) that finds its runfiles, prepares an environment and
executes the interpreter, without a shell, a C library or `/proc`. Its templates (`templates/`) are cross-compiled from
that source for every platform by `tools/build_launchers.py`; their bytes are committed with their hashes, so that a
build needs no compiler. A build finalises a template: `config` says what the program shall do and encodes it,
`template` writes that into the file. In an ELF file the config is its last segment and grows as needed; in a Mach-O
file there is a reserved section, and the ad-hoc signature is made to fit again.
"""
