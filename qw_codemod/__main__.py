"""`python -m qw_codemod`: the same as the command."""

import sys

# Python puts the working directory first, and with it the code under examination: an `ast.py` of
# somebody's must not run.
if not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

from qw_codemod.app.cli import main

main()
