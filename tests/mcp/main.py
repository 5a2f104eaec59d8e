"""Shows that the gateway is transparent to clients and servers that others wrote. `run` beside this file starts it.

main.py GAIT NODE_DIRECTORY PYTHON [CHECK...]
"""

import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

import clients
import conformance
import differential
import edges
import filesystem
import quickstart
from peers import CheckError, Kit

CHECKS = {
    "differential": differential.check,
    "edges": edges.check,
    "filesystem": filesystem.check,
    "quickstart": quickstart.check,
    "conformance": conformance.check,
    "clients": clients.check,
}


def main() -> int:
    """Does the checks that are named, or all; the number of those that failed."""
    gait, node_directory, python, *names = sys.argv[1:]
    with TemporaryDirectory() as scratch:
        kit = Kit(*(Path(path).absolute() for path in (gait, node_directory, python, scratch)))
        return sum(not holds(name, kit) for name in names or CHECKS)


def holds(name: str, kit: Kit) -> bool:
    """Does a check, and says whether what it is about holds."""
    begun = time.monotonic()
    print(f"-- {name}", flush=True)
    try:
        CHECKS[name](kit)
    except CheckError as failure:
        print(f"FAILED: {failure}")
        return False
    except Exception:
        # A peer that does not answer must not keep the other checks from being done.
        traceback.print_exc()
        return False
    finally:
        print(f"   {time.monotonic() - begun:.1f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
