"""The provider of toolchains for C++ code that uses Python, which nothing has."""

PyCcToolchainInfo = provider("Headers and libraries of Python for C++.", fields = None)
