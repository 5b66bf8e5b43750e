"""Nouns that all phases share: label, digest, depset, artifact, runfiles, action, provider, configuration."""
