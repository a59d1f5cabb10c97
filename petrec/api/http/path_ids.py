"""Ids in paths: text ids may have slashes, which come as %2F and match as slashes."""

from typing import Any

from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import Match
from starlette.types import Scope


class _IdConvertor(Convertor[str]):
    """An id, with all that follows: the route decides whether it is one segment."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("petrec_id", _IdConvertor())


class IdRoute(APIRoute):
    """A route whose ids, written `{name:petrec_id}`, are one segment of the path as it came."""

    def __init__(self, path: str, *args: Any, **options: Any) -> None:
        super().__init__(path, *args, **options)
        self._start, ids, _ = self.path.partition("{")
        self._has_ids = bool(ids)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match only paths with the same number of segments."""
        path = scope.get("path", "")
        # A request tries one route after the other; most differ in what is no id.
        if not (self._start in path if self._has_ids else path.endswith(self._start)):
            return Match.NONE, {}
        match, child = super().matches(scope)
        if match is not Match.NONE and _spans_segments(scope, child):
            return Match.NONE, {}
        return match, child


def _spans_segments(scope: Scope, child: Scope) -> bool:
    """Return whether not all escaped slashes, and they alone, are in ids.

    Else the path belongs to another route: `a%2Faudio` is an id, not the audio of `a`.
    """
    slashes = sum(str(value).count("/") for value in child["path_params"].values())
    path, raw = str(scope["path"]), scope.get("raw_path")
    return slashes != (path.count("/") - raw.count(b"/") if raw is not None else 0)
