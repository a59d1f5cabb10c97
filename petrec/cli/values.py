"""Take defaults, text and choices as they are given, without Typer's conversion.

Importing what Typer converts values with takes as long as importing the database driver.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from types import NoneType
from typing import Any, get_args


def convert_plainly(command: Any, context: Any) -> None:
    """Have the command leave to Typer only what needs to be converted."""
    hints = getattr(command.callback, "__annotations__", {})
    for parameter in command.get_params(context):
        kind = _kind(hints.get(parameter.name))
        parameter.process_value = partial(_value, parameter, kind, parameter.process_value)


def _kind(hint: Any) -> type[str] | None:
    """Return the class of an option that is text or a choice; None for any other."""
    annotated, *options = get_args(hint) or (None,)
    kinds = [kind for kind in get_args(annotated) or (annotated,) if kind is not NoneType]
    if len(kinds) != 1 or any(getattr(option, "parser", None) for option in options):
        return None
    kind = kinds[0]
    return kind if kind is str or (isinstance(kind, type) and issubclass(kind, StrEnum)) else None


def _value(
    parameter: Any,
    kind: type[str] | None,
    process: Callable[[Any, Any], Any],
    context: Any,
    value: Any,
) -> Any:
    is_default = context.get_parameter_source(parameter.name).name == "DEFAULT"
    if parameter.multiple or parameter.nargs != 1 or (is_default and parameter.required):
        return process(context, value)
    if not is_default:
        if kind is None or not _belongs(value, kind):
            return process(context, value)
        value = kind(value)
    return value if parameter.callback is None else parameter.callback(context, parameter, value)


def _belongs(value: Any, kind: type[str]) -> bool:
    """Return whether the text is a value of the class; Typer words the error of another one."""
    return isinstance(value, str) and (kind is str or value in list(kind))  # type: ignore[call-overload]
