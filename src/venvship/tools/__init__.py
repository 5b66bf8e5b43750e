"""Programs that actions run. Standard library only, so that any CPython on any worker can run them."""
