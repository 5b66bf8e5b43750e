"""Programs that actions run. Standard library only, so that any CPython on any worker can run them.

A tool is a module of this package with `run(request: dict) -> dict | None`: JSON in, JSON out. The request names
inputs by the paths where they are and outputs by fresh paths that the tool must create; it writes nowhere else, and
never a path of the machine into an output. What it prints goes to the action's log. An exception with an attribute
`user_error = True` is the user's to mend and shown by its message alone; any other is shown with its traceback.
The result may say `{"trees": {output path: rows}}` for directories whose content the tool knows, so that they are
not hashed again; a row is `[path, sha256, size, executable]`, `[path, "link", text]` or `[path, "directory"]`, the
last for an empty one. A tool that has made everything below a directory read-only may say
`{"sealed": {output path: text}}` instead, and is believed: the text is JSON without spaces, of rows sorted by path, and
a row `[path, "f", sha256, size]`, with `"x"` for executable files. If the directory has all that an input has, the tool
may say `{"grown": {output path: [input path, rows]}}`, with those rows that the input does not have, or has otherwise.

Tools import each other by their absolute names (`from venvship.tools.tar_format import header`). `worker.py` makes
the package `venvship` importable from the directory it lies in, and nothing else beside the standard library, so the
same lines hold in a worker, in a remote one, and in a test. What they share with the rest of us is in `archives`. A
tool that runs under the target's interpreter keeps to what CPython 3.9 understands.
"""
