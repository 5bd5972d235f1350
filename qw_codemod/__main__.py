"""`python -m qw_codemod`."""

from qw_codemod.cli import main

main()
