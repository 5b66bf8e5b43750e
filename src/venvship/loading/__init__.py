"""Turns MODULE, BUILD and .bzl text into unconfigured targets."""
