"""A gate that stays: policy, keys and facts are read once, and again when one of their files changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gait.client import PathText, _CommandResult, answer_of, command_error, gate_flags
from gait.errors import GaitError
from gait.jsonready import dumps, json_ready, loads_object
from gait.models import GateEvalResult, IntentRequest
from gait.native import NATIVE

if TYPE_CHECKING:
    from gait._native import Decision

__all__ = ["Gate", "IntentLike"]

#: An intent, its JSON members, or its JSON.
IntentLike = IntentRequest | Mapping[str, Any] | str | bytes

_ACCEPTED = (0, 3, 4)


class Gate:
    """The engine in this process, with everything that decisions rest on loaded.

    Takes what `evaluate_gate` takes for policy and keys, and `flags` of `gait gate eval` for the rest. Project defaults
    of the working directory hold as they do for the program. Threads can share a gate; the interpreter's lock is not
    held while the engine works.
    """

    __slots__ = ("_gate", "_words")

    def __init__(
        self,
        policy_path: PathText,
        *,
        key_mode: str = "dev",
        flags: Sequence[str] = (),
        **keys_and_tokens: Any,
    ) -> None:
        if NATIVE is None:
            raise GaitError("this installation of gait has no native module; install the wheel or use evaluate_gate")
        named = gate_flags(**keys_and_tokens)
        self._words = ["--policy", os.fspath(policy_path), "--key-mode", key_mode, *named, *flags]
        try:
            self._gate = NATIVE.Gate(self._words)
        except RuntimeError as error:
            stdout, stderr, exit_code = error.args
            raise self._refusal(stdout, stderr, exit_code) from None

    def decide(
        self,
        intent: IntentLike,
        *,
        approval_tokens: Sequence[str] = (),
        delegation_tokens: Sequence[str] = (),
    ) -> Decision:
        """Judges `intent` by every stage of the gate and leaves no evidence: calls are counted, nothing is signed.

        For verdicts that are needed at once, such as which tools to offer; `evaluate` proves a call that is to run.
        Raises `GaitCommandError` when there is no verdict.
        """
        answer = self._gate.decide(_intent_json(intent), approval_tokens, delegation_tokens)
        if isinstance(answer, tuple):
            raise self._refusal(*answer)
        return answer

    def evaluate(
        self,
        intent: IntentLike,
        *,
        trace_out: PathText | None = None,
        approval_tokens: Sequence[str] = (),
        delegation_tokens: Sequence[str] = (),
    ) -> GateEvalResult:
        """Judges `intent` and leaves a signed trace, as `evaluate_gate` does.

        Raises `GaitCommandError` when there is no verdict.
        """
        destination = "" if trace_out is None else os.fspath(trace_out)
        stdout, stderr, exit_code = self._gate.evaluate(
            _intent_json(intent), destination, approval_tokens, delegation_tokens
        )
        result = _CommandResult(self._command(), exit_code, stdout, stderr)
        return GateEvalResult.from_dict(answer_of("gate eval", result, _ACCEPTED), exit_code)

    async def aevaluate(self, intent: IntentLike, **arguments: Any) -> GateEvalResult:
        """`evaluate` without keeping the event loop from other work."""
        return await asyncio.to_thread(self.evaluate, intent, **arguments)

    def _command(self) -> list[str]:
        return ["gait", "gate", "eval", *self._words]

    def _refusal(self, stdout: str, stderr: str, exit_code: int) -> GaitError:
        result = _CommandResult(self._command(), exit_code, stdout, stderr)
        payload = loads_object(stdout)
        said = payload.get("error") if payload else None
        return command_error(str(said or "gait gate eval failed"), result, payload)


def _intent_json(intent: IntentLike) -> str | bytes:
    if isinstance(intent, (str, bytes)):
        return intent
    members = intent.to_dict() if isinstance(intent, IntentRequest) else json_ready(intent)
    return dumps(members)
