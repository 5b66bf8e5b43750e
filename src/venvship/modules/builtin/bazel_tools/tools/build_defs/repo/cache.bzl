"""Identities of cached downloads, which are known by their checksums here."""

DEFAULT_CANONICAL_ID_ENV = "BAZEL_HTTP_RULES_URLS_AS_DEFAULT_CANONICAL_ID"

CANONICAL_ID_DOC = "Accepted, without effect: downloads are kept by their checksums."

def get_default_canonical_id(ctx, urls):
    """The identity of a download without a name of its own."""
    return ""
