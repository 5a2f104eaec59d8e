"""Agent skills: where they lie, and what makes one valid.

Skills are read by a YAML of their own: scalars under names, one level of nesting in `openai.yaml`. What is not written
that way is refused, so that nothing is understood differently by the agent that loads the skill.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SKILLS = CHECKOUT / ".agents" / "skills"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
REQUIRED = ("name", "description")
OPTIONAL = (
    "disable-model-invocation",
    "user-invocable",
    "argument-hint",
    "allowed-tools",
    "model",
    "agent",
    "context",
    "hooks",
)
SWITCHES = ("disable-model-invocation", "user-invocable")
CLAUDE_MAX_LINES = 500
SHORT_DESCRIPTION = range(25, 65)


class SkillError(ValueError):
    """A file of a skill cannot be read."""


@dataclass(frozen=True, slots=True)
class Skill:
    """A skill as it stands in its directory."""

    directory: Path
    fields: dict[str, str]
    body: str
    lines: int


def directories() -> list[Path]:
    """The directories of all skills."""
    return sorted(path for path in SKILLS.iterdir() if path.is_dir())


def read(directory: Path) -> Skill:
    """Reads a skill."""
    text = read_text(directory / "SKILL.md")
    if not text.startswith("---\n"):
        raise SkillError("SKILL.md does not begin with front matter")
    front, mark, body = text[4:].partition("\n---\n")
    if not mark:
        raise SkillError("the front matter of SKILL.md does not end")
    return Skill(directory, members(front), body.strip("\n"), text.count("\n"))


def read_text(path: Path) -> str:
    """The text of a file."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SkillError(f"{path.name}: {error}") from error


def members(text: str) -> dict[str, str]:
    """`name: value` lines."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.rstrip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise SkillError(f"this is no `name: value` line: {line}")
        if name in found:
            raise SkillError(f"{name} is told twice")
        found[name] = scalar(value.strip())
    return found


def scalar(value: str) -> str:
    """One value: plain text, or text in double quotes."""
    if value.startswith('"'):
        try:
            text = json.loads(value)
        except ValueError as error:
            raise SkillError(f"this is no quoted text: {value}") from error
        if not isinstance(text, str):
            raise SkillError(f"this is no quoted text: {value}")
        return text
    if (value[:1] in "'[]{}>|*&!%#@`" and value) or ": " in value or " #" in value:
        raise SkillError(f"write this in double quotes: {value}")
    return value


def interface(directory: Path) -> dict[str, str]:
    """The members of `interface` in `agents/openai.yaml`."""
    lines = read_text(directory / "agents" / "openai.yaml").rstrip("\n").splitlines()
    if not lines or lines[0].rstrip() != "interface:":
        raise SkillError("agents/openai.yaml does not begin with `interface:`")
    if any(line and not line.startswith("  ") for line in lines[1:]):
        raise SkillError("agents/openai.yaml holds more than `interface`")
    return members("\n".join(line[2:] for line in lines[1:]))


def violations(skill: Skill) -> list[str]:
    """What is wrong with a skill for every provider."""
    fields = skill.fields
    found = [f"{name} is missing" for name in REQUIRED if not fields.get(name)]
    found += [f"{name} is unknown" for name in fields if name not in (*REQUIRED, *OPTIONAL)]
    name = fields.get("name", "")
    if name and (name != skill.directory.name or not NAME.fullmatch(name)):
        found.append(f"name must be {skill.directory.name}, in lower-case letters, digits and hyphens")
    for switch in SWITCHES:
        if fields.get(switch, "true") not in ("true", "false"):
            found.append(f"{switch} must be true or false")
    found += [f"the body must hold `{text}`" for text in ("gait ", "--json") if text not in skill.body]
    return found


def openai_violations(skill: Skill) -> list[str]:
    """What is wrong with a skill for Codex."""
    fields = interface(skill.directory)
    wanted = ("display_name", "short_description", "default_prompt")
    found = [f"agents/openai.yaml: {name} is missing" for name in wanted if not fields.get(name)]
    short = fields.get("short_description", "")
    if short and len(short) not in SHORT_DESCRIPTION:
        found.append("agents/openai.yaml: short_description must have 25 to 64 characters")
    prompt = fields.get("default_prompt", "")
    if prompt and f"${skill.directory.name}" not in prompt:
        found.append(f"agents/openai.yaml: default_prompt must hold ${skill.directory.name}")
    return found


def claude_violations(skill: Skill) -> list[str]:
    """What is wrong with a skill for Claude."""
    fields = skill.fields
    found = []
    if skill.lines > CLAUDE_MAX_LINES:
        found.append(f"SKILL.md has more than {CLAUDE_MAX_LINES} lines")
    if fields.get("disable-model-invocation") == "true" and fields.get("user-invocable") == "false":
        found.append("neither the model nor the user could invoke it")
    if "allowed-tools" in fields and not fields["allowed-tools"].strip():
        found.append("allowed-tools must not be empty")
    return found
