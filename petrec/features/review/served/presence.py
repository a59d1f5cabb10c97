"""Who looks at which case, and what has been decided: both bounded, both in memory."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from msgspec import Struct

from petrec.features.review.served.answer import LookRequest, StandingDecision

# A page asks every few seconds; one that has not for this long is closed, or its computer sleeps.
GONE_AFTER_S = 15.0
MOST_PEOPLE = 100
MOST_EVENTS = 1_000
_LONGEST_NAME = 200


class Person(Struct, frozen=True):
    """Somebody else who has the page open, and the case that they look at."""

    reviewer: str
    recording_id: str


class Event(Struct, frozen=True):
    """A decision that was saved, or undone where `standing` is None; numbered from 1."""

    number: int
    recording_id: str
    standing: StandingDecision | None


class News(Struct, frozen=True):
    """What a page has not seen yet; `missed` if there was more than is kept."""

    people: tuple[Person, ...]
    events: tuple[Event, ...]
    last: int
    missed: bool = False


@dataclass(frozen=True)
class _LastLook:
    person: Person
    moment: float


class Attendance:
    """The people at the pages of one server, and its events; safe to use from threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._people: OrderedDict[str, _LastLook] = OrderedDict()
        self._events: deque[Event] = deque(maxlen=MOST_EVENTS)
        self._last = 0
        self._lock = Lock()

    def publish(self, recording_id: str, standing: StandingDecision | None) -> None:
        """Let all pages know what became of a recording."""
        with self._lock:
            self._last += 1
            self._events.append(Event(self._last, recording_id, standing))

    @property
    def last(self) -> int:
        """Return the number of the last event."""
        return self._last

    def look(self, asked: LookRequest) -> News:
        """Note where somebody looks; returns what the page has not seen yet."""
        now = self._clock()
        with self._lock:
            person = Person(asked.reviewer.strip()[:_LONGEST_NAME], asked.recording_id)
            self._people[asked.client] = _LastLook(person, now)
            self._people.move_to_end(asked.client)
            self._forget(now)
            others = tuple(
                seen.person
                for client, seen in self._people.items()
                if client != asked.client and seen.person.reviewer and seen.person.recording_id
            )
            events = tuple(one for one in self._events if one.number > asked.since)
            missed = asked.since > self._last or len(events) < self._last - asked.since
            return News(others, events, self._last, missed)

    def _forget(self, now: float) -> None:
        """Drop the oldest first: people are in the order in which they were last seen."""
        while self._people:
            oldest = next(iter(self._people))
            gone = now - self._people[oldest].moment > GONE_AFTER_S
            if not gone and len(self._people) <= MOST_PEOPLE:
                return
            del self._people[oldest]
