"""Programs and tests for requirements files that pin everything."""

# uv lies outside of every sandbox, beside venvship.
_OUTSIDE = ["no-sandbox", "requires-network"]

def requirements_lock(name, test_name, srcs, out, tags = [], visibility = None, testonly = None, test = {}, **kwargs):
    """Make the program `name`, and the test `test_name` where the lock exists.

    Args:
      name: name of the program that writes the lock.
      test_name: name of the test that looks whether it is up to date.
      srcs: what is asked for.
      out: the lock. One of another package must exist and be exported.
      tags: tags of both.
      visibility: who may use both.
      testonly: whether only tests may use both.
      test: attributes of the test alone.
      **kwargs: everything else that the rules take.
    """
    lock = native.package_relative_label(out)
    existing = native.glob([lock.name], allow_empty = True) if lock.package == native.package_name() else [lock]
    path = (lock.package + "/" + lock.name).removeprefix("/")
    _venvship.requirements_lock(
        name = name,
        srcs = srcs,
        out = path,
        existing = existing,
        tags = tags,
        visibility = visibility,
        testonly = testonly,
        **kwargs
    )
    if existing:
        _venvship.requirements_lock_test(
            name = test_name,
            srcs = srcs,
            out = path,
            existing = existing,
            update = name,
            tags = _OUTSIDE + [tag for tag in tags if tag not in _OUTSIDE],
            visibility = visibility,
            **(kwargs | test)
        )
