"""The library with which programs find their data."""

runfiles_library = _venvship.runfiles_library
