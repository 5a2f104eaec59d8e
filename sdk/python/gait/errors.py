"""What can go wrong. None of these lets a tool call execute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gait.models import GateEvalResult


class GaitError(RuntimeError):
    """Anything that kept the SDK from getting an answer it can use."""


class GaitCommandError(GaitError):
    """The engine could not be asked, or answered with an error.

    `exit_code` is that of the program, 127 when there is no program and -1 when it did not end by itself.
    `error_code`, `error_category`, `hint`, `retryable` and `correlation_id` are what the engine said, where it did.
    """

    def __init__(
        self,
        message: str,
        *,
        command: Sequence[str] = (),
        exit_code: int = -1,
        stdout: str = "",
        stderr: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.command: list[str] = list(command)
        self.exit_code = exit_code
        self.stdout = stdout
        self.stderr = stderr
        self.payload: dict[str, Any] = dict(payload or {})

    def _text(self, member: str) -> str | None:
        value = self.payload.get(member)
        return value if isinstance(value, str) and value else None

    @property
    def error_code(self) -> str | None:
        """The stable code of the error."""
        return self._text("error_code")

    @property
    def error_category(self) -> str | None:
        """The category the code belongs to."""
        return self._text("error_category")

    @property
    def hint(self) -> str | None:
        """What may help."""
        return self._text("hint")

    @property
    def correlation_id(self) -> str | None:
        """Names the invocation in the records of the engine."""
        return self._text("correlation_id")

    @property
    def retryable(self) -> bool:
        """Whether the engine said that the same may succeed later."""
        return self.payload.get("retryable") is True


class GateEnforcementError(RuntimeError):
    """The gate did not allow the call, so it was not executed."""

    def __init__(self, decision: GateEvalResult) -> None:
        self.decision = decision
        verdict = decision.verdict or "unknown"
        reasons = ",".join(decision.reason_codes) or "none"
        super().__init__(f"execution blocked by gate verdict={verdict} reasons={reasons}")
