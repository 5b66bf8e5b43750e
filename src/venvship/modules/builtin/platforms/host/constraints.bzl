"""System and processor of the machine that builds."""

HOST_CONSTRAINTS = _venvship.host_constraints
