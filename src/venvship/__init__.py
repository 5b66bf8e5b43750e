"""Builds, tests, runs and ships Python programs from Bazel-syntax monorepos and uv workspaces."""
