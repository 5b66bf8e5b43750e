"""The library that finds runfiles, under the name that it had first."""
