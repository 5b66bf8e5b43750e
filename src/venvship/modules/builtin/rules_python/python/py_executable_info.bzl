"""What programs tell those that package them."""

load("@venvship//python/private:providers.bzl", "providers")

PyExecutableInfo = providers.PyExecutableInfo
