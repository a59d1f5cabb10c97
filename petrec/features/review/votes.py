"""Per recording, on disk during a check: the lines that decide it, its values, and its votes."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import msgspec

from petrec.documents.spool import open_scratch
from petrec.features.review.agree import Valid
from petrec.features.review.case import Verdict
from petrec.features.review.observed import Observed
from petrec.features.review.read.entry import DecisionEntry

_LINES = """CREATE TABLE lines (file TEXT, sheet TEXT, line INT, recording TEXT, state TEXT,
    PRIMARY KEY (file, recording, state)) WITHOUT ROWID"""
_VOTES = "CREATE TABLE votes (seq INTEGER PRIMARY KEY, key BLOB, abstains INT, vote BLOB)"
_GROUPS = """SELECT seq, min(seq) OVER (PARTITION BY key) AS first, abstains FROM votes
    ORDER BY first, abstains, seq"""


class DecidedLines:
    """Which line of a file decides a recording first."""

    def __init__(self) -> None:
        self._scratch = open_scratch(self, _LINES)

    def first(self, entry: DecisionEntry, recording: str, state: str) -> int:
        """Return the line that has decided this state of a recording before, or 0."""
        place = entry.place
        line = (place.file, place.sheet, place.line, recording, state)
        added = self._scratch.execute("INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?)", line)
        if added.rowcount:
            return 0
        asked = "SELECT line FROM lines WHERE file = ? AND recording = ? AND state = ?"
        found = self._scratch.execute(asked, (place.file, recording, state)).fetchone()
        return int(found[0])


class Sights:
    """The current values of very many recordings."""

    def __init__(self, observed: Iterable[Observed]) -> None:
        self._scratch = open_scratch(self, "CREATE TABLE sights (recording TEXT, observed BLOB)")
        self._decoder = msgspec.msgpack.Decoder(Observed)
        rows = ((one.recording_id, msgspec.msgpack.encode(one)) for one in observed)
        self._scratch.executemany("INSERT INTO sights VALUES (?, ?)", rows)
        self._scratch.execute("CREATE INDEX by_recording ON sights (recording)")

    def of(self, recording: str) -> list[Observed]:
        """Return the rows of a recording, which take much more memory than on disk."""
        asked = "SELECT observed FROM sights WHERE recording = ?"
        found = self._scratch.execute(asked, (recording,))
        return [self._decoder.decode(row[0]) for row in found]

    def __contains__(self, recording: str) -> bool:
        """Return whether there is a row of a recording."""
        asked = "SELECT 1 FROM sights WHERE recording = ? LIMIT 1"
        return self._scratch.execute(asked, (recording,)).fetchone() is not None


class Votes:
    """The entries that may be written, until all files have been read."""

    def __init__(self) -> None:
        self._scratch = open_scratch(self, _VOTES)
        self._decoder = msgspec.msgpack.Decoder(Valid)

    def add(self, vote: Valid) -> None:
        """Add a vote after all others."""
        abstains = vote.entry.decision.verdict is Verdict.CANNOT_TELL
        row = (msgspec.msgpack.encode(vote.key), abstains, msgspec.msgpack.encode(vote))
        self._scratch.execute("INSERT INTO votes (key, abstains, vote) VALUES (?, ?, ?)", row)

    def groups(self) -> Iterator[list[Valid]]:
        """Yield the votes about one recording, in the order of the first.

        Those that abstain are a group of their own: both may be recorded.
        """
        for _, rows in groupby(self._scratch.execute(_GROUPS), key=itemgetter(1, 2)):
            yield [self._read(row[0]) for row in rows]

    def _read(self, seq: int) -> Valid:
        found = self._scratch.execute("SELECT vote FROM votes WHERE seq = ?", (seq,)).fetchone()
        return self._decoder.decode(found[0])
