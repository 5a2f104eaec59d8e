"""The engine in this process. Call `gait.Gate` and `gait.evaluate_gate` instead."""

from collections.abc import Sequence
from typing import final

__version__: str

def invoke(arguments: Sequence[str]) -> tuple[str, str, int]: ...
def main(arguments: Sequence[str]) -> int: ...

@final
class Decision:
    @property
    def verdict(self) -> str: ...
    @property
    def permits(self) -> bool: ...
    @property
    def reason_codes(self) -> list[str]: ...
    @property
    def violations(self) -> list[str]: ...
    @property
    def matched_rule(self) -> str: ...
    @property
    def intent_digest(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...

@final
class Gate:
    def __new__(cls, flags: Sequence[str]) -> Gate: ...
    def decide(
        self,
        intent: str | bytes,
        approval_tokens: Sequence[str] = (),
        delegation_tokens: Sequence[str] = (),
    ) -> Decision | tuple[str, str, int]: ...
    def evaluate(
        self,
        intent: str | bytes,
        trace_out: str = "",
        approval_tokens: Sequence[str] = (),
        delegation_tokens: Sequence[str] = (),
    ) -> tuple[str, str, int]: ...
