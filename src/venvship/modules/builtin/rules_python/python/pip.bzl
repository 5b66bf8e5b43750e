"""Parts of wheels."""

whl_filegroup = _venvship.whl_filegroup

def compile_pip_requirements(name, **_kwargs):
    """Refused: locks are made by `uv lock`."""
    fail("compile_pip_requirements is not supported (`%s`): lock with `uv lock`, and let MODULE.bazel name uv.lock" % name)
