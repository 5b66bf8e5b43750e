"""Finalises the native launcher: argv and environment patched into a prebuilt template."""
