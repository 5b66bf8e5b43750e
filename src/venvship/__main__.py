"""`python -m venvship` is the same command as `venvship`."""

from venvship.cli.main import console_main

if __name__ == "__main__":
    console_main()
