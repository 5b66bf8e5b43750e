"""Programs as one file."""

load("//python/private:zipapp.bzl", _py_zipapp_test = "py_zipapp_test")

py_zipapp_test = _py_zipapp_test
