"""The provider of Python targets that C++ links, which nothing has."""

PyCcLinkParamsInfo = provider("How C++ is linked.", fields = ["cc_info"])
