"""`python -m polymap` is the command line."""

import sys

if __name__ == "__main__":
    from polymap.cli import main

    sys.exit(main())
