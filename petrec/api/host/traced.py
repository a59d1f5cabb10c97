"""Spans of what a request waits for: statements, by operation and table, and the object store.

A span never holds a value, a key of an object or the text of an error: all may name a person.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg
from opentelemetry.trace import SpanKind, StatusCode, Tracer, get_current_span
from sqlalchemy import Engine, event

from petrec.api.bounded_store import BoundedStore
from petrec.api.ports import ObjectStore, PresignedGet, PresignedPost
from petrec.storage.objects import StoredObject

_NAME = r'(?:"(?:[^"]|"")+"|\w+)'
_PART = re.compile(rf"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|{_NAME}(?:\.{_NAME})*|[();]", re.DOTALL)
# A table within a query whose own name says nothing.
_INNER = re.compile(rf"\bFROM\s+({_NAME}\.{_NAME})", re.IGNORECASE)
# The word before the table; after WITH, what the statement does is one of these.
_BEFORE = {"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "MERGE": "INTO"}
_BEGIN = {"UPDATE": "UPDATE", **_BEFORE}


@contextmanager
def spanned(
    tracer: Tracer, name: str, attributes: Mapping[str, str], kind: SpanKind = SpanKind.CLIENT
) -> Iterator[None]:
    """Run the block in a span, if the request that it works for is traced."""
    if not get_current_span().is_recording():
        yield
        return
    with tracer.start_as_current_span(
        name, kind=kind, attributes=attributes,
        record_exception=False, set_status_on_exception=False,
    ) as span:  # fmt: skip
        try:
            yield
        except Exception as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__qualname__)
            if isinstance(error, psycopg.Error) and error.sqlstate:
                span.set_attribute("db.response.status_code", error.sqlstate)
            raise


def trace_statements(engine: Engine, tracer: Tracer) -> None:
    """Let the cursors of new connections make spans; those of the host's own class, too."""

    def connected(connection: psycopg.Connection[Any], _: Any) -> None:
        base: Any = connection.cursor_factory
        if not getattr(base, "makes_spans", False):
            connection.cursor_factory = _traced_cursor(base, tracer, connection.info.dbname)

    event.listen(engine, "connect", connected)


@lru_cache(maxsize=32)
def _traced_cursor(base: Any, tracer: Tracer, database: str) -> type[psycopg.Cursor[Any]]:
    class TracedCursor(base):  # type: ignore[misc]
        makes_spans = True

        def execute(self, query: Any, *values: Any, **options: Any) -> Any:
            with spanned(tracer, *_described(self, query, database)):
                return super().execute(query, *values, **options)

        def executemany(self, query: Any, *values: Any, **options: Any) -> None:
            with spanned(tracer, *_described(self, query, database)):
                super().executemany(query, *values, **options)

    return TracedCursor


def _described(
    cursor: psycopg.Cursor[Any], query: Any, database: str
) -> tuple[str, Mapping[str, str]]:
    """Return a statement's name and attributes, which nobody needs where nothing is traced."""
    if not get_current_span().is_recording():
        return "", {}
    if isinstance(query, bytes):
        query = query.decode("utf-8", "replace")
    text = query if isinstance(query, str) else query.as_string(cursor)
    operation, table = statement_name(text)
    # A probe of the connection is an empty statement.
    name = f"{operation} {table}".strip() or "postgresql"
    found = {
        "db.system.name": "postgresql",
        "db.namespace": database,
        "db.operation.name": operation,
        "db.query.summary": name,
    }
    return name, found | ({"db.collection.name": table} if table else {})


@lru_cache(maxsize=1024)
def statement_name(text: str) -> tuple[str, str]:
    """Return what a statement does and the table that its outer query names first, "" for none.

    Where that is a query, too, the first table with a schema is taken.
    """
    first, operation, table = _scanned(text)
    if operation in _BEGIN and "." not in table and (first == "WITH" or not table):
        inner = _INNER.search(text)
        table = inner[1] if inner else table
    return operation, table.replace('"', "")


def _scanned(text: str) -> tuple[str, str, str]:
    """Return the first word, what is done, and what is named at the outermost level."""
    depth, first, operation, before = 0, "", "", ""
    for part in _PART.findall(text):
        word = part.upper()
        if part in "()":
            depth += 1 if part == "(" else -1
        elif depth or word == "ONLY" or part.startswith(("'", "--", "/*")):
            continue
        elif part == ";":
            break
        elif operation and before == _BEGIN.get(operation):
            return first, operation, part
        else:
            first = first or word
            if not operation and (word in _BEGIN or first != "WITH"):
                operation = word
        # The FROM of `IS DISTINCT FROM` is another one.
        before = "" if before == "DISTINCT" and word == "FROM" else word
    return first, operation, ""


class TracedStore(BoundedStore):
    """The store, with a span for each question to it and each signature; no key is in them."""

    def __init__(self, store: ObjectStore, tracer: Tracer) -> None:
        super().__init__(store)
        self._tracer = tracer

    def presign_post(
        self, key: str, content_type: str, now: datetime, sha256: str | None = None
    ) -> PresignedPost:
        """Return what the store does."""
        with self._span("presign_post", SpanKind.INTERNAL):
            return super().presign_post(key, content_type, now, sha256)

    def presign_get(self, key: str, now: datetime) -> PresignedGet:
        """Return what the store does."""
        with self._span("presign_get", SpanKind.INTERNAL):
            return super().presign_get(key, now)

    def head(self, key: str) -> StoredObject | None:
        """Return what the store does; errors: its own."""
        with self._span("head"):
            return super().head(key)

    def delete(self, key: str) -> None:
        """Delete the object, if there is one; errors: the store's."""
        with self._span("delete"):
            super().delete(key)

    @contextmanager
    def _span(self, operation: str, kind: SpanKind = SpanKind.CLIENT) -> Iterator[None]:
        with spanned(self._tracer, f"store {operation}", {"petrec.bucket": self.bucket}, kind):
            yield
