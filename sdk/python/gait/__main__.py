"""`python -m gait`: the `gait` program itself, where the wheel brings the engine along."""

from __future__ import annotations

import sys

from gait.native import NATIVE


def main() -> int:
    """Runs the program with the arguments of this process."""
    if NATIVE is None:
        print("this installation of gait has no native module", file=sys.stderr)
        return 1
    return NATIVE.main(["gait", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
