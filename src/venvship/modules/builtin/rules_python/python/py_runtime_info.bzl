"""What interpreters tell."""

load("@venvship//python/private:providers.bzl", "providers")

PyRuntimeInfo = providers.PyRuntimeInfo
