"""Makes declared actions true on a disk: action keys, caches, scheduling, sandboxes, runfiles, tests.

Execution never imports analysis; the two meet in `model.action`."""
