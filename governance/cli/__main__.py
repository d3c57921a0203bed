"""`python -m governance.cli`, and what the downloadable archive starts."""

import sys

try:
    from governance.cli.program import main
except ModuleNotFoundError as missing:
    if missing.name != "httpx":
        raise
    sys.exit("The command line needs httpx: python3 -m pip install httpx")

sys.exit(main())
