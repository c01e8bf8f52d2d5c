"""`python -m aebench`, the same as the command `aebench`."""

from aebench.cli import main

main(prog_name="aebench")
