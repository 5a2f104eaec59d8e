#!/usr/bin/env python3
"""Exports skills in the form in which the catalogues of providers take them, to .agents/submissions."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import skill_package
from skill_package import CHECKOUT, SkillError

SUBMISSIONS = CHECKOUT / ".agents" / "submissions"
LICENSE = CHECKOUT / "LICENSE"
SKILLS = ("gait-capture-runpack", "gait-incident-to-regression", "gait-policy-test-rollout")
NOTES = {
    "openai": "For Codex: the skill needs a shell in which `gait` can be run.",
    "anthropic": "For Claude: the skill needs the Bash tool and a `gait` in PATH.",
}


def submission(skill: skill_package.Skill, provider: str) -> str:
    """The skill's text for a provider."""
    front = [f"{name}: {json.dumps(skill.fields[name], ensure_ascii=False)}" for name in skill_package.REQUIRED]
    note = f"## Where it runs\n\n{NOTES[provider]}"
    return "\n".join(["---", *front, "license: Apache-2.0", "---", "", skill.body, "", note, ""])


def main() -> int:
    """The command line."""
    if len(sys.argv) > 1:
        print("usage: export_skill_submissions.py", file=sys.stderr)
        return 2
    try:
        SUBMISSIONS.parent.mkdir(parents=True, exist_ok=True)
        # Everything is made anew and then takes the place of what was there, so that nothing outdated is handed in.
        stage = Path(tempfile.mkdtemp(prefix=".submissions-", dir=SUBMISSIONS.parent))
        try:
            for name in SKILLS:
                skill = skill_package.read(skill_package.SKILLS / name)
                found = skill_package.violations(skill)
                if found:
                    raise SkillError(f"{name}: {'; '.join(found)}")
                for provider in NOTES:
                    directory = stage / provider / name
                    directory.mkdir(parents=True)
                    (directory / "SKILL.md").write_text(submission(skill, provider), encoding="utf-8")
                    shutil.copyfile(LICENSE, directory / "LICENSE.txt")
            stage.chmod(0o755)
            shutil.rmtree(SUBMISSIONS, ignore_errors=True)
            stage.rename(SUBMISSIONS)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
    except (OSError, SkillError) as error:
        print(f"export_skill_submissions: {error}", file=sys.stderr)
        return 1
    print(f"exported: {len(SKILLS) * len(NOTES)} submissions to {SUBMISSIONS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
