#!/usr/bin/env python3
"""Validates the agent skills of this repository."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import skill_package
from skill_package import SkillError


def violations(directory: Path, providers: list[str]) -> list[str]:
    """What is wrong with one skill."""
    try:
        skill = skill_package.read(directory)
        found = skill_package.violations(skill)
        if "codex" in providers:
            found += skill_package.openai_violations(skill)
        if "claude" in providers:
            found += skill_package.claude_violations(skill)
    except SkillError as error:
        return [str(error)]
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", choices=("codex", "claude", "both"), default="both")
    provider = parser.parse_args().provider
    providers = ["codex", "claude"] if provider == "both" else [provider]
    try:
        directories = skill_package.directories()
    except OSError as error:
        print(f"validate_repo_skills: {error}", file=sys.stderr)
        return 1
    failed = [f"{path.name}: {reason}" for path in directories for reason in violations(path, providers)]
    if not directories:
        failed.append(f"there are no skills in {skill_package.SKILLS}")
    if failed:
        print("skill validation failed", *failed, sep="\n  ", file=sys.stderr)
        return 1
    print(f"skill validation passed: {len(directories)} skills, {provider}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
