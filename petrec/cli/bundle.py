"""Options that belong together are declared once: a bundle is a frozen dataclass of options.

A parameter whose type is a bundle expands to its fields. Typer sees one option per field, the
command gets one value.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import wraps
from typing import Any, get_type_hints


class Bundle:
    """The base of every bundle; each field is annotated as an option and has a default."""


def bundled(command: Callable[..., int]) -> Callable[..., int]:
    """Spread the bundles among a command's keyword parameters into single options."""
    hints = get_type_hints(command, include_extras=True)
    bundles = {name: hint for name, hint in hints.items() if _is_bundle(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        spread = _options(bundles[name]) if name in bundles else [parameter]
        parameters += spread

    @wraps(command)
    def run(**given: Any) -> int:
        for name, bundle in bundles.items():
            given[name] = bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
        return command(**given)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: hints.get(p.name, p.annotation) for p in parameters}
    return run


def _is_bundle(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Bundle)


def _options(bundle: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    for field in fields(bundle):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=hints[field.name],
        )
