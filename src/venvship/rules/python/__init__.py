"""Python programs, their virtualenvs, and the distributions that they are made of."""
