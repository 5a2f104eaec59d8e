"""The engine in this process, where the installed wheel brings it along: `NATIVE`, or `None`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gait import _native

__all__ = ["NATIVE"]


class NativeEngine(Protocol):
    """What the native module offers."""

    __version__: str

    @property
    def invoke(self) -> Callable[[Sequence[str]], tuple[str, str, int]]:
        """Runs a command of the program in this process."""

    @property
    def main(self) -> Callable[[Sequence[str]], int]:
        """Runs the program in this process, printing what it prints."""

    @property
    def Gate(self) -> Callable[[Sequence[str]], _native.Gate]:  # noqa: N802
        """A gate that stays."""


def _load() -> NativeEngine | None:
    try:
        from gait import _native
    except ImportError:
        return None
    return _native


NATIVE = _load()
