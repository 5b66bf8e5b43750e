"""Programs as one file."""

load("//python/private:zipapp.bzl", _py_zipapp_binary = "py_zipapp_binary")

py_zipapp_binary = _py_zipapp_binary
