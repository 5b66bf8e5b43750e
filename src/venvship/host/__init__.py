"""Everything that touches the operating system or differs by it.

Systems differ here and nowhere else: one function name, one body per system.
"""
