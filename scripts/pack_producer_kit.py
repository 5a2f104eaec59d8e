#!/usr/bin/env python3
"""Makes packs without gait, to show that the format is all that a producer needs.

Writes a run pack that verifies, and packs with one thing wrong each that must not:

    pack_producer_kit.py --out-dir packs
    gait pack verify packs/valid.zip
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

CREATED_AT = "1980-01-01T00:00:00Z"
SCHEMA_VERSION = "1.0.0"
MANIFEST = "pack_manifest.json"
PAYLOAD = "run_payload.json"
RUNPACK = "source/runpack.zip"
ENTRY_TYPES = {PAYLOAD: "json", RUNPACK: "zip"}


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a document that holds nothing but ASCII text, integers, lists and objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256(data: bytes) -> str:
    """A digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def payload(run_id: str, runpack: bytes) -> bytes:
    """What the pack says of the run."""
    return canonical(
        {
            "schema_id": "gait.pack.run",
            "schema_version": SCHEMA_VERSION,
            "created_at": CREATED_AT,
            "run_id": run_id,
            "capture_mode": "reference",
            "manifest_digest": sha256(runpack),
            "intents_count": 0,
            "results_count": 0,
            "refs_count": 0,
        }
    )


def manifest(run_id: str, entries: dict[str, bytes], schema_id: str = "gait.pack.manifest") -> bytes:
    """The list of everything in the pack, under an id that depends on all of it."""
    document = {
        "schema_id": schema_id,
        "schema_version": SCHEMA_VERSION,
        "created_at": CREATED_AT,
        "producer_version": "pack-producer-kit",
        "pack_id": "",
        "pack_type": "run",
        "source_ref": run_id,
        "contents": [
            {"path": path, "sha256": sha256(data), "type": ENTRY_TYPES[path]} for path, data in sorted(entries.items())
        ],
    }
    return canonical(document | {"pack_id": sha256(canonical(document))})


def write(path: Path, entries: dict[str, bytes]) -> None:
    """A ZIP file with fixed times, so that the same entries give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)


def vectors(run_id: str) -> dict[str, dict[str, bytes]]:
    """The packs by name."""
    runpack = b"a runpack that only its maker can read"
    entries = {PAYLOAD: payload(run_id, runpack), RUNPACK: runpack}
    valid = entries | {MANIFEST: manifest(run_id, entries)}
    return {
        "valid": valid,
        "changed-entry": valid | {RUNPACK: runpack.upper()},
        "missing-entry": {path: data for path, data in valid.items() if path != RUNPACK},
        "undeclared-entry": valid | {"notes.txt": b"not in the manifest"},
        "wrong-schema": entries | {MANIFEST: manifest(run_id, entries, "gait.pack.other")},
        "wrong-pack-id": entries | {MANIFEST: valid[MANIFEST].replace(b"pack-producer-kit", b"somebody-else-did")},
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out-dir", type=Path, required=True, help="where the packs go")
    parser.add_argument("--run-id", default="run_producer_kit", help="the run that they are about")
    options = parser.parse_args()
    if not (options.run_id.isascii() and options.run_id.isprintable() and options.run_id.strip()):
        print("pack_producer_kit: a run id is ASCII text", file=sys.stderr)
        return 1
    try:
        options.out_dir.mkdir(parents=True, exist_ok=True)
        packs = {name: options.out_dir / f"{name}.zip" for name in vectors(options.run_id)}
        for name, entries in vectors(options.run_id).items():
            write(packs[name], entries)
    except OSError as error:
        print(f"pack_producer_kit: {error}", file=sys.stderr)
        return 1
    valid = str(packs.pop("valid"))
    print(json.dumps({"ok": True, "valid": valid, "invalid": [str(path) for path in packs.values()]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
