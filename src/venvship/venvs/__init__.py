"""Plans virtual environments as lists of links and small files.

A venv is a view: each name that installed wheels bring is a relative link into the directory where the wheel was
unpacked. A directory is linked whole unless it must be a real one, for one of two reasons: several wheels fill it
(namespaces, packages that extend each other), or a shared library in it looks for another wheel's libraries by a path
relative to itself, which the kernel would resolve inside the unpacked wheel. Then the directory is made and its
entries are linked one by one, by the same rule. Nothing is ever copied.

First-party code is never linked: its import roots are lines of one `.pth` file. Everything here is decided from lists
of names; no disk is touched.
"""
