"""Intents, decisions and captures as Python values.

What a document says and a class does not know is kept in its `extra` and written again, so that reading and writing an
intent leaves its digest as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

from gait.jsonready import format_time, json_ready

__all__ = [
    "AdapterOutcome",
    "DelegationLink",
    "DemoCapture",
    "GateEvalResult",
    "IntentArgProvenance",
    "IntentContext",
    "IntentDelegation",
    "IntentRequest",
    "IntentScript",
    "IntentScriptStep",
    "IntentTarget",
    "LangChainDecisionMetadata",
    "RegressInitResult",
    "RunAttempt",
    "RunRecordCapture",
    "TraceRecord",
    "Verdict",
]

INTENT_SCHEMA_ID = "gait.gate.intent_request"
SCHEMA_VERSION = "1.0.0"
DEV_PRODUCER_VERSION = "0.0.0-dev"


class Verdict(str, Enum):
    """What the gate says of a call. Only `ALLOW` lets it execute."""

    ALLOW = "allow"
    DRY_RUN = "dry_run"
    REQUIRE_APPROVAL = "require_approval"
    BLOCK = "block"

    def __str__(self) -> str:
        return str.__str__(self)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


def _verdict(value: object) -> str | None:
    """A known verdict as `Verdict`; another text stays text and never counts as allowed."""
    if value is None:
        return None
    try:
        return Verdict(value)
    except ValueError:
        return str(value)


_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*([Zz]|[+-]\d\d:?\d\d)?")


def parse_time(text: str) -> datetime:
    """The instant of an RFC 3339 text, to the microsecond; `ValueError` for any other text."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    day, clock, fraction, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock}")
    moment += timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    if offset is None or offset in "Zz":
        return moment.replace(tzinfo=timezone.utc)
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    shift = timedelta(hours=hours, minutes=minutes)
    return moment.replace(tzinfo=timezone(-shift if offset[0] == "-" else shift))


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _optional_text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(value: object) -> list[str]:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        return []
    return [str(item) for item in value]


def _mappings(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes, Mapping)):
        return []
    return [item for item in value if isinstance(item, Mapping)]


def _rest(payload: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {str(name): value for name, value in payload.items() if name not in known}


def _document(required: dict[str, Any], optional: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The members in order: those that are always there, those that say something, those that nobody knows."""
    document = required
    document.update((name, value) for name, value in optional.items() if value)
    for name, value in extra.items():
        document.setdefault(name, json_ready(value))
    return document


@dataclass(slots=True, frozen=True)
class IntentTarget:
    """What a call acts on."""

    kind: str
    value: str
    operation: str | None = None
    sensitivity: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        optional = {"operation": self.operation, "sensitivity": self.sensitivity}
        return _document({"kind": self.kind, "value": self.value}, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentTarget:
        """Reads the JSON members; `KeyError` when kind or value is missing."""
        return cls(
            kind=str(payload["kind"]),
            value=str(payload["value"]),
            operation=_optional_text(payload.get("operation")),
            sensitivity=_optional_text(payload.get("sensitivity")),
            extra=_rest(payload, frozenset({"kind", "value", "operation", "sensitivity"})),
        )


@dataclass(slots=True, frozen=True)
class IntentArgProvenance:
    """Where an argument came from."""

    arg_path: str
    source: str
    source_ref: str | None = None
    integrity_digest: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        optional = {"source_ref": self.source_ref, "integrity_digest": self.integrity_digest}
        return _document({"arg_path": self.arg_path, "source": self.source}, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentArgProvenance:
        """Reads the JSON members; `KeyError` when path or source is missing."""
        known = frozenset({"arg_path", "source", "source_ref", "integrity_digest"})
        return cls(
            arg_path=str(payload["arg_path"]),
            source=str(payload["source"]),
            source_ref=_optional_text(payload.get("source_ref")),
            integrity_digest=_optional_text(payload.get("integrity_digest")),
            extra=_rest(payload, known),
        )


@dataclass(slots=True, frozen=True)
class IntentContext:
    """Who calls, from where, and how risky that is."""

    identity: str
    workspace: str
    risk_class: str
    session_id: str | None = None
    request_id: str | None = None
    auth_context: Mapping[str, Any] | None = None
    credential_scopes: list[str] = field(default_factory=list)
    environment_fingerprint: str | None = None
    context_set_digest: str | None = None
    context_evidence_mode: str | None = None
    context_refs: list[str] = field(default_factory=list)
    job_id: str | None = None
    phase: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        required = {
            "identity": self.identity,
            "workspace": self.workspace,
            "risk_class": self.risk_class,
        }
        optional = {
            "session_id": self.session_id,
            "request_id": self.request_id,
            "auth_context": json_ready(self.auth_context) if self.auth_context else None,
            "credential_scopes": list(self.credential_scopes),
            "environment_fingerprint": self.environment_fingerprint,
            "context_set_digest": self.context_set_digest,
            "context_evidence_mode": self.context_evidence_mode,
            "context_refs": list(self.context_refs),
            "job_id": self.job_id,
            "phase": self.phase,
        }
        return _document(required, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentContext:
        """Reads the JSON members; `KeyError` when identity, workspace or risk class is missing."""
        auth_context = payload.get("auth_context")
        return cls(
            identity=str(payload["identity"]),
            workspace=str(payload["workspace"]),
            risk_class=str(payload["risk_class"]),
            session_id=_optional_text(payload.get("session_id")),
            request_id=_optional_text(payload.get("request_id")),
            auth_context=dict(auth_context) if isinstance(auth_context, Mapping) else None,
            credential_scopes=_texts(payload.get("credential_scopes")),
            environment_fingerprint=_optional_text(payload.get("environment_fingerprint")),
            context_set_digest=_optional_text(payload.get("context_set_digest")),
            context_evidence_mode=_optional_text(payload.get("context_evidence_mode")),
            context_refs=_texts(payload.get("context_refs")),
            job_id=_optional_text(payload.get("job_id")),
            phase=_optional_text(payload.get("phase")),
            extra=_rest(payload, _CONTEXT_MEMBERS),
        )


_CONTEXT_MEMBERS = frozenset(
    {
        "identity",
        "workspace",
        "risk_class",
        "session_id",
        "request_id",
        "auth_context",
        "credential_scopes",
        "environment_fingerprint",
        "context_set_digest",
        "context_evidence_mode",
        "context_refs",
        "job_id",
        "phase",
    }
)


@dataclass(slots=True, frozen=True)
class DelegationLink:
    """One step of a delegation: who passed what on to whom."""

    delegator_identity: str
    delegate_identity: str
    scope_class: str | None = None
    token_ref: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        required = {
            "delegator_identity": self.delegator_identity,
            "delegate_identity": self.delegate_identity,
        }
        optional = {"scope_class": self.scope_class, "token_ref": self.token_ref}
        return _document(required, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> DelegationLink:
        """Reads the JSON members; `KeyError` when an identity is missing."""
        known = frozenset({"delegator_identity", "delegate_identity", "scope_class", "token_ref"})
        return cls(
            delegator_identity=str(payload["delegator_identity"]),
            delegate_identity=str(payload["delegate_identity"]),
            scope_class=_optional_text(payload.get("scope_class")),
            token_ref=_optional_text(payload.get("token_ref")),
            extra=_rest(payload, known),
        )


@dataclass(slots=True, frozen=True)
class IntentDelegation:
    """On whose behalf a call is made."""

    requester_identity: str
    scope_class: str | None = None
    token_refs: list[str] = field(default_factory=list)
    chain: list[DelegationLink] = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        optional = {
            "scope_class": self.scope_class,
            "token_refs": list(self.token_refs),
            "chain": [link.to_dict() for link in self.chain],
        }
        return _document({"requester_identity": self.requester_identity}, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentDelegation:
        """Reads the JSON members; `KeyError` when the requester is missing."""
        known = frozenset({"requester_identity", "scope_class", "token_refs", "chain"})
        return cls(
            requester_identity=str(payload["requester_identity"]),
            scope_class=_optional_text(payload.get("scope_class")),
            token_refs=_texts(payload.get("token_refs")),
            chain=[DelegationLink.from_dict(link) for link in _mappings(payload.get("chain"))],
            extra=_rest(payload, known),
        )


@dataclass(slots=True, frozen=True)
class IntentScriptStep:
    """One call of a script."""

    tool_name: str
    args: Mapping[str, Any]
    targets: list[IntentTarget] = field(default_factory=list)
    arg_provenance: list[IntentArgProvenance] = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        optional = {
            "targets": [target.to_dict() for target in self.targets],
            "arg_provenance": [origin.to_dict() for origin in self.arg_provenance],
        }
        return _document({"tool_name": self.tool_name, "args": json_ready(self.args)}, optional, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentScriptStep:
        """Reads the JSON members; `KeyError` when the tool's name is missing."""
        known = frozenset({"tool_name", "args", "targets", "arg_provenance"})
        return cls(
            tool_name=str(payload["tool_name"]),
            args=dict(payload.get("args") or {}),
            targets=[IntentTarget.from_dict(target) for target in _mappings(payload.get("targets"))],
            arg_provenance=[
                IntentArgProvenance.from_dict(origin) for origin in _mappings(payload.get("arg_provenance"))
            ],
            extra=_rest(payload, known),
        )


@dataclass(slots=True, frozen=True)
class IntentScript:
    """Several calls that are judged together."""

    steps: list[IntentScriptStep]
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        return _document({"steps": [step.to_dict() for step in self.steps]}, {}, self.extra)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentScript:
        """Reads the JSON members."""
        steps = [IntentScriptStep.from_dict(step) for step in _mappings(payload.get("steps"))]
        return cls(steps=steps, extra=_rest(payload, frozenset({"steps"})))


@dataclass(slots=True)
class IntentRequest:
    """One tool call as it is presented to the gate, before it runs."""

    tool_name: str
    args: Mapping[str, Any]
    context: IntentContext
    targets: list[IntentTarget] = field(default_factory=list)
    arg_provenance: list[IntentArgProvenance] = field(default_factory=list)
    delegation: IntentDelegation | None = None
    script: IntentScript | None = None
    created_at: datetime = field(default_factory=_now)
    producer_version: str = DEV_PRODUCER_VERSION
    schema_id: str = INTENT_SCHEMA_ID
    schema_version: str = SCHEMA_VERSION
    args_digest: str | None = None
    intent_digest: str | None = None
    script_hash: str | None = None
    #: Members that this class does not know, and the text of `created_at` where that says more than a `datetime` can.
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The JSON members. `TypeError` or `ValueError` when the arguments are not JSON."""
        required = {
            "schema_id": self.schema_id,
            "schema_version": self.schema_version,
            "created_at": self._created_at_text(),
            "producer_version": self.producer_version,
            "tool_name": self.tool_name,
            "args": json_ready(self.args),
            "targets": [target.to_dict() for target in self.targets],
            "context": self.context.to_dict(),
        }
        optional = {
            "arg_provenance": [origin.to_dict() for origin in self.arg_provenance],
            "delegation": self.delegation.to_dict() if self.delegation else None,
            "script": self.script.to_dict() if self.script else None,
            "args_digest": self.args_digest,
            "intent_digest": self.intent_digest,
            "script_hash": self.script_hash,
        }
        return _document(required, optional, self.extra)

    def _created_at_text(self) -> str:
        text = self.extra.get("created_at")
        if isinstance(text, str) and parse_time(text) == self.created_at:
            return text
        return format_time(self.created_at)

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> IntentRequest:
        """Reads the JSON members; `KeyError` when the tool, its context or the time is missing."""
        created_at = parse_time(str(payload["created_at"]))
        extra = _rest(payload, _INTENT_MEMBERS)
        if payload["created_at"] != format_time(created_at):
            extra["created_at"] = str(payload["created_at"])
        delegation, script = payload.get("delegation"), payload.get("script")
        return cls(
            tool_name=str(payload["tool_name"]),
            args=dict(payload.get("args") or {}),
            context=IntentContext.from_dict(payload["context"]),
            targets=[IntentTarget.from_dict(target) for target in _mappings(payload.get("targets"))],
            arg_provenance=[
                IntentArgProvenance.from_dict(origin) for origin in _mappings(payload.get("arg_provenance"))
            ],
            delegation=IntentDelegation.from_dict(delegation) if isinstance(delegation, Mapping) else None,
            script=IntentScript.from_dict(script) if isinstance(script, Mapping) else None,
            created_at=created_at,
            producer_version=str(payload.get("producer_version", DEV_PRODUCER_VERSION)),
            schema_id=str(payload.get("schema_id", INTENT_SCHEMA_ID)),
            schema_version=str(payload.get("schema_version", SCHEMA_VERSION)),
            args_digest=_optional_text(payload.get("args_digest")),
            intent_digest=_optional_text(payload.get("intent_digest")),
            script_hash=_optional_text(payload.get("script_hash")),
            extra=extra,
        )


_INTENT_MEMBERS = frozenset(
    {
        "schema_id",
        "schema_version",
        "created_at",
        "producer_version",
        "tool_name",
        "args",
        "targets",
        "context",
        "arg_provenance",
        "delegation",
        "script",
        "args_digest",
        "intent_digest",
        "script_hash",
    }
)


@dataclass(slots=True, frozen=True)
class GateEvalResult:
    """A decision of the gate, or why there is none. `raw` is all that the engine said."""

    ok: bool
    exit_code: int
    verdict: str | None = None
    reason_codes: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    approval_ref: str | None = None
    trace_id: str | None = None
    trace_path: str | None = None
    policy_digest: str | None = None
    intent_digest: str | None = None
    script: bool = False
    step_count: int = 0
    script_hash: str | None = None
    composite_risk_class: str | None = None
    pre_approved: bool = False
    pattern_id: str | None = None
    registry_reason: str | None = None
    step_verdicts: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def permits(self) -> bool:
        """Whether the call may execute: judged, allowed, answered with success, and not only simulated."""
        return (
            self.ok
            and self.exit_code == 0
            and self.verdict == Verdict.ALLOW
            and self.raw.get("simulate_mode") is not True
        )

    @property
    def correlation_id(self) -> str | None:
        """Names the invocation in the records of the engine."""
        return _optional_text(self.raw.get("correlation_id"))

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any], exit_code: int) -> GateEvalResult:
        """Reads the engine's answer. What is missing gets its default, which never allows."""
        return cls(
            ok=payload.get("ok") is True,
            exit_code=exit_code,
            verdict=_verdict(payload.get("verdict")),
            reason_codes=_texts(payload.get("reason_codes")),
            violations=_texts(payload.get("violations")),
            approval_ref=_optional_text(payload.get("approval_ref")),
            trace_id=_optional_text(payload.get("trace_id")),
            trace_path=_optional_text(payload.get("trace_path")),
            policy_digest=_optional_text(payload.get("policy_digest")),
            intent_digest=_optional_text(payload.get("intent_digest")),
            script=payload.get("script") is True,
            step_count=_whole_number(payload.get("step_count")),
            script_hash=_optional_text(payload.get("script_hash")),
            composite_risk_class=_optional_text(payload.get("composite_risk_class")),
            pre_approved=payload.get("pre_approved") is True,
            pattern_id=_optional_text(payload.get("pattern_id")),
            registry_reason=_optional_text(payload.get("registry_reason")),
            step_verdicts=[dict(step) for step in _mappings(payload.get("step_verdicts"))],
            warnings=_texts(payload.get("warnings")),
            error=_optional_text(payload.get("error")),
            raw=dict(payload),
        )


def _whole_number(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) else 0


@dataclass(slots=True, frozen=True)
class LangChainDecisionMetadata:
    """What a framework is told of a decision."""

    tool_name: str
    tool_call_id: str | None
    run_id: str | None
    request_id: str | None
    auth_context: Mapping[str, Any] | None
    trace_path: str | None
    policy_digest: str | None
    intent_digest: str | None
    verdict: str | None
    executed: bool

    def to_dict(self) -> dict[str, Any]:
        """The JSON members."""
        optional = {
            "tool_call_id": self.tool_call_id,
            "run_id": self.run_id,
            "request_id": self.request_id,
            "auth_context": json_ready(self.auth_context) if self.auth_context else None,
            "trace_path": self.trace_path,
            "policy_digest": self.policy_digest,
            "intent_digest": self.intent_digest,
            "verdict": json_ready(self.verdict),
        }
        return _document({"tool_name": self.tool_name, "executed": self.executed}, optional, {})


@dataclass(slots=True, frozen=True)
class TraceRecord:
    """A trace as it was read. Its signature is not checked here."""

    schema_id: str
    schema_version: str
    created_at: datetime
    producer_version: str
    trace_id: str
    tool_name: str
    args_digest: str
    intent_digest: str
    policy_digest: str
    verdict: str
    raw: Mapping[str, Any]

    @classmethod
    def from_dict(cls, payload: Mapping[str, Any]) -> TraceRecord:
        """Reads the JSON members; `KeyError` when one is missing."""
        return cls(
            schema_id=str(payload["schema_id"]),
            schema_version=str(payload["schema_version"]),
            created_at=parse_time(str(payload["created_at"])),
            producer_version=str(payload["producer_version"]),
            trace_id=str(payload["trace_id"]),
            tool_name=str(payload["tool_name"]),
            args_digest=str(payload["args_digest"]),
            intent_digest=str(payload["intent_digest"]),
            policy_digest=str(payload["policy_digest"]),
            verdict=str(payload["verdict"]),
            raw=dict(payload),
        )


@dataclass(slots=True, frozen=True)
class DemoCapture:
    """The runpack of the demonstration."""

    run_id: str
    bundle_path: str
    ticket_footer: str
    verified: bool
    raw_output: str


@dataclass(slots=True, frozen=True)
class RegressInitResult:
    """A regression fixture made from a run."""

    run_id: str
    fixture_name: str
    fixture_dir: str
    runpack_path: str
    config_path: str
    next_commands: list[str]

    @property
    def fixture_path(self) -> Path:
        """The directory of the fixture."""
        return Path(self.fixture_dir)


@dataclass(slots=True, frozen=True)
class RunRecordCapture:
    """A recorded runpack."""

    run_id: str
    bundle_path: str
    manifest_digest: str
    ticket_footer: str


@dataclass(slots=True, frozen=True)
class RunAttempt:
    """One call of a run session, and what became of it."""

    intent_id: str
    tool_name: str
    verdict: str
    executed: bool
    status: str


@dataclass(slots=True)
class AdapterOutcome:
    """A decision, and what the tool gave when it was executed."""

    decision: GateEvalResult
    executed: bool
    result: Any = None
