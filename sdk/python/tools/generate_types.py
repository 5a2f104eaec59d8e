"""Writes `gait/types`: a `TypedDict` for every object of the schemas. `--check` only says what is not current."""

from __future__ import annotations

import argparse
import json
import keyword
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SCHEMAS = ROOT / "schemas" / "v1"
OUTPUT = Path(__file__).resolve().parents[1] / "gait" / "types"
WIDTH = 116

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
HEADER = '"""{title}\n\nGenerated from `schemas/v1/{source}` by `tools/generate_types.py`.\n"""\n'


class Module:
    """The types of one schema, those that others need first."""

    def __init__(self, schema: dict[str, Any], source: str) -> None:
        self.schema = schema
        self.source = source
        self.definitions: dict[str, Any] = schema.get("$defs", {})
        self.written: dict[str, str] = {}
        self.begun: set[str] = set()
        self.imports: set[str] = set()

    @property
    def name(self) -> str:
        return type_name(self.schema["title"])

    def text(self) -> str:
        self.define(self.name, self.schema)
        body = "\n\n".join(self.written.values())
        title = " ".join(self.schema.get("description", self.schema["title"]).split("\n\n")[0].split())
        typing = sorted(self.imports | ({"TypeAlias"} if "TypeAlias" in body else set()))
        own = [name for name in ("NotRequired", "TypedDict") if name in body]
        lines = ["from __future__ import annotations", ""]
        lines += [f"from typing import {', '.join(typing)}", ""] if typing else []
        lines += [f"from gait.types._typing import {', '.join(own)}"] if own else []
        imports = "\n".join(lines).rstrip() + "\n"
        exported = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in sorted(self.written)) + "]\n"
        return f"{HEADER.format(title=first_sentence(title), source=self.source)}\n{imports}\n{exported}\n\n{body}"

    def define(self, name: str, schema: dict[str, Any]) -> str:
        """Writes the type `name` once, after those that it needs."""
        if name in self.begun:
            return f'"{name}"' if name not in self.written else name
        self.begun.add(name)
        if schema.get("type") == "object" and "properties" in schema and "oneOf" in schema:
            forms = "\n    | ".join(self.forms(name, schema))
            self.written[name] = f"{name}: TypeAlias = (\n    {forms}\n)\n"
        elif schema.get("type") == "object" and "properties" in schema:
            self.written[name] = self.object(name, schema)
        else:
            value = self.type_of(schema, name)
            self.written[name] = f"{name}: TypeAlias = {value}\n"
        return name

    def forms(self, name: str, schema: dict[str, Any]) -> list[str]:
        """The types of the forms of an object, each of which has the members that all have, too."""
        types = []
        for number, choice in enumerate(schema["oneOf"], 1):
            form = self.merged(schema | {"description": choice.get("description", "")}, choice)
            kinds = [value["const"] for value in choice.get("properties", {}).values() if "const" in value]
            types.append(self.define(type_name(f"{name}_{kinds[0] if kinds else number}"), form))
        return types

    def merged(self, schema: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
        """An object with the members of both."""
        parts = [schema, choice]
        if reference := choice.get("$ref"):
            parts.insert(1, self.definitions[reference.removeprefix("#/$defs/")])
        properties = {name: value for part in parts for name, value in part.get("properties", {}).items()}
        required = [name for part in parts for name in part.get("required", ())]
        return {"type": "object", "description": schema["description"], "properties": properties, "required": required}

    def object(self, name: str, schema: dict[str, Any]) -> str:
        required = set(schema.get("required", ()))
        members = {member: self.type_of(value, f"{name}_{member}") for member, value in schema["properties"].items()}
        if any(not member.isidentifier() or keyword.iskeyword(member) for member in members):
            items = ", ".join(f'"{m}": {optional(t, m in required)}' for m, t in members.items())
            return f'{name} = TypedDict("{name}", {{{items}}})\n'
        lines = [f"class {name}(TypedDict):"]
        if description := schema.get("description"):
            lines += [f'    """{first_sentence(description)}"""', ""]
        lines += [f"    {member}: {optional(value, member in required)}" for member, value in members.items()]
        return "\n".join(lines if members else [*lines, "    pass"]) + "\n"

    def type_of(self, schema: dict[str, Any] | bool, name: str) -> str:
        """The type expression for a schema; objects in it become types of their own."""
        if isinstance(schema, bool):
            return self.any()
        if reference := schema.get("$ref"):
            target = reference.removeprefix("#/$defs/")
            return self.define(type_name(target), self.definitions[target])
        if "const" in schema:
            return self.literal([schema["const"]])
        if "enum" in schema:
            return self.literal(schema["enum"])
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.union(schema[choice], name)
        kind = schema.get("type")
        if isinstance(kind, list):
            return self.union([schema | {"type": one} for one in kind], name)
        if kind == "array":
            return f"list[{self.type_of(schema.get('items', True), name)}]"
        if kind == "object":
            if "properties" in schema:
                return self.define(type_name(name), schema)
            return f"dict[str, {self.type_of(schema.get('additionalProperties', True), name)}]"
        return PLAIN[kind] if kind else self.any()

    def union(self, choices: list[Any], name: str) -> str:
        if all(isinstance(one, dict) and "const" in one for one in choices):
            return self.literal([one["const"] for one in choices])
        types = [self.type_of(one, f"{name}_{number}") for number, one in enumerate(choices, 1)]
        return " | ".join(dict.fromkeys(types))

    def literal(self, values: list[Any]) -> str:
        if not all(isinstance(value, (str, bool, int)) for value in values):
            return self.any()
        self.imports.add("Literal")
        return f"Literal[{', '.join(json.dumps(v) if isinstance(v, str) else repr(v) for v in values)}]"

    def any(self) -> str:
        self.imports.add("Any")
        return "Any"


def optional(value: str, is_required: bool) -> str:
    return value if is_required else f"NotRequired[{value}]"


def type_name(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)


def first_sentence(text: str) -> str:
    sentence = re.split(r"(?<=[.;])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(";").replace('"""', "")
    if len(sentence) > WIDTH - 8:
        sentence = sentence[: WIDTH - 9].rsplit(" ", 1)[0] + "…"
    return sentence if sentence.endswith((".", "…")) else sentence + "."


def generated() -> dict[Path, str]:
    """Every file of the package with its content."""
    files = {
        OUTPUT / "__init__.py": '"""The artifacts as types: a module for each schema of `schemas/v1`."""\n',
        OUTPUT / "_typing.py": TYPING,
    }
    for path in sorted(SCHEMAS.rglob("*.schema.json")):
        source = path.relative_to(SCHEMAS)
        stem = path.name.removesuffix(".schema.json").replace("-", "_")
        family = source.parent.name.replace("-", "_")
        name = stem if stem.startswith(family) else f"{family}_{stem}"
        files[OUTPUT / f"{name}.py"] = Module(json.loads(path.read_text()), source.as_posix()).text()
    return files


TYPING = '''"""What `typing` lacks before Python 3.11, as far as readers of these types need it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import NotRequired, TypedDict
elif sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    from typing import TypedDict

    NotRequired = {}

__all__ = ["NotRequired", "TypedDict"]
'''


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when a file is not current")
    check = parser.parse_args().check
    files = generated()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    surplus = [path for path in OUTPUT.glob("*.py") if path not in files]
    for path in [*stale, *surplus]:
        print(f"{'not current' if check else 'wrote' if path in files else 'removed'}: {path.relative_to(ROOT)}")
    if check:
        return 1 if stale or surplus else 0
    OUTPUT.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(files[path])
    for path in surplus:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
