"""A decorator that puts a function behind the gate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeAlias, TypeVar, Union, cast

from gait.adapter import ToolAdapter, result_of
from gait.client import PathText, capture_intent
from gait.models import IntentArgProvenance, IntentContext, IntentRequest, IntentTarget

__all__ = ["gate_tool"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T")

#: Something that may depend on the arguments of a call, given as `(args, kwargs)`.
OfCall: TypeAlias = Union[_T, Callable[[tuple[Any, ...], dict[str, Any]], _T]]  # noqa: UP007 - `|` takes no variable


def gate_tool(
    *,
    adapter: ToolAdapter,
    context: OfCall[IntentContext],
    tool_name: str | None = None,
    args_mapper: Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, Any]] | None = None,
    targets: OfCall[Sequence[IntentTarget]] | None = None,
    arg_provenance: OfCall[Sequence[IntentArgProvenance]] | None = None,
    trace_out: OfCall[PathText] | None = None,
    cwd: OfCall[PathText] | None = None,
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Gates every call of the decorated function; coroutine functions are gated and awaited.

    The gate sees the arguments that `args_mapper` gives, else all that the call binds, defaults among them. A call that
    is not executed raises `GateEnforcementError`, a dry run too: there is no result to return.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        name = tool_name or function.__name__
        signature = inspect.signature(function)

        def call_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
            def resolve(value: Any) -> Any:
                return value(args, kwargs) if callable(value) else value

            mapped = args_mapper(args, kwargs) if args_mapper else _bound(signature, args, kwargs)
            intent = capture_intent(
                tool_name=name,
                args=mapped,
                context=resolve(context),
                targets=resolve(targets),
                arg_provenance=resolve(arg_provenance),
            )
            return {"intent": intent, "trace_out": resolve(trace_out), "cwd": resolve(cwd)}

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def gated_async(*args: _P.args, **kwargs: _P.kwargs) -> Any:
                def run(_: IntentRequest) -> Any:
                    return function(*args, **kwargs)

                return result_of(await adapter.aexecute(executor=run, **call_of(args, kwargs)))

            return cast(Callable[_P, _R], gated_async)

        @functools.wraps(function)
        def gated(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            def run(_: IntentRequest) -> _R:
                return function(*args, **kwargs)

            return cast(_R, result_of(adapter.execute(executor=run, **call_of(args, kwargs))))

        return gated

    return decorate


def _bound(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments by parameter, defaults among them, without the object or class of a method."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return {name: value for name, value in bound.arguments.items() if name not in ("self", "cls")}
