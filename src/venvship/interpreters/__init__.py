"""What a Python interpreter tree holds and how it is made relocatable.

A tree is laid out as CPython's installation is, below one prefix: `bin/python3.X`, `lib/libpython3.X.so.1.0`,
`lib/python3.X/`, `include/`. CPython finds its prefix from the place of its executable, so a tree works anywhere once
three things that name the old place are gone: absolute RUNPATH entries of ELF files, the recorded build variables of
`sysconfig`, and bytecode with absolute file names.
"""
