"""Lock files, wheel file names, manifests of wheels, and which wheel a platform gets.

A lock (`lock`, read by `uv_lock`) is a graph of every package that any choice may need. `resolution` walks the part
that one choice of roots needs on one target, whose properties are values: `markers` for the environment, `tags` for
what it can load. Of each distribution in a resolution one file is taken, and `manifest` tells what that file will
look like when it is installed, from `archive`, `record`, `entry_points` and the headers of libraries (`elf`,
`macho`). Nothing here touches a disk or a network: bytes come in through `archive.RandomAccess`.
"""
