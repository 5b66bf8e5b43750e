"""Memoised keyed computation that records what each result depended on."""
