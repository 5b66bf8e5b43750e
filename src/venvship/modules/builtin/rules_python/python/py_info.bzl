"""What Python targets tell each other."""

load("@venvship//python/private:providers.bzl", "kinds", "providers")

PyInfo = providers.PyInfo
VenvSymlinkEntry = providers.VenvSymlinkEntry
VenvSymlinkKind = kinds
