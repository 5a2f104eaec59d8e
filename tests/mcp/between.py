"""Runs a client of the conformance suite behind the gateway.

between.py GAIT NODE_DIRECTORY CLIENT... URL
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from peers import Kit


def main() -> int:
    gait, node_directory, *client, url = sys.argv[1:]
    with TemporaryDirectory() as scratch:
        kit = Kit(Path(gait), Path(node_directory), Path(sys.executable), Path(scratch))
        with kit.in_front_of(url) as gateway:
            return subprocess.run([*client, gateway], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
