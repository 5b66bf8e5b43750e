"""The Starlark language, knowing nothing of builds.

A file takes four steps. `source_text` and `resolve` check that it is a program of its dialect; Python's own parser does
the reading. `lower` rewrites the tree so that Python's compiler gives it the language's meaning: every operator that
differs becomes a call of a function whose name no source can spell. `program` keeps the compiled code, which hosts may
store. `execution` runs it in an environment that holds nothing but the language's universe and what the host
predeclares.

Nothing of Python is reachable from a program: attributes and methods are looked up in the table of `host_types` by the
exact class of a value, and what is not in the table is refused. Lists, dictionaries and sets are Python's own in
classes that say whether they may change (`values`).

A program can't take the process with it: loops and calls cost steps, large values cost memory, texts and integers have
a largest size, nested values a largest depth (`thread`, `sizes`, `numbers`, `keys`).
"""
