"""Turns unconfigured targets into providers and declared actions, without IO.

Analysis never imports execution; the two meet in `model.action`."""
