"""Find words that this project does not use, each with the word to write instead.

The table below is the one place for them: archaic turns, words with a plainer neighbour, and
second spellings of one term. `make check` ends with 1 if a text holds one of them. Code between
backticks is skipped, and in Python everything but comments, docstrings and other strings.
"""

import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PLACES = ("petrec", "migrations", "tools", "docs", "reports", "*.md", "*.yml")
SUFFIXES = {".py", ".md", ".js", ".html", ".j2", ".yml", ".sql", ".sh"}
# Records of decisions keep their words; this file and the changelog's past versions name them.
SKIPPED = ("tools/vocabulary.py", "tools/web/node_modules/", "docs/decisions/")
# A pattern, without regard to case, and what to write instead.
WORDS = {
    r"anew(?!=)": "again",
    r"afresh": "again",
    r"for good": "permanently, or name the state: abandoned",
    r"in vain": "without success",
    r"begun": "started",
    r"whoever": "the role, the session, everyone who",
    r"whence|hence|thereby|thereof|therein|wherein|herein": "so, of it, in it",
    r"lest|ere|albeit|whilst|amongst|upon": "so that not, before, although, while, among, on",
    r"nobody else": "no other session, nothing else",
    r"all the same": "still",
    r"(?:is|are|was|were) to be had": "is available",
    r"puts? off": "defer",
    r"(?:gives?|given|gave) back": "release, return, restore",
    r"(?:takes?|taken|took|taking) (?:(?:it|them|that|all|a run|the run) )?back": "undo",
    r"(?:leaves?|left) (?:(?:it|them|him) )?alone": "skip, do not touch",
    r"stands? in the way": "block",
    r"stands? (?:there|as|under|in|beside)": "is, are",
    r"(?:go|goes|going|went) on": "continue",
    r"(?:was|were|is|are|be) not told": "could not notify",
    r"held against": "compared with",
    r"the guide": "the integration guide",
    r"SQLSTATE None": "the server's message",
    # One spelling of each term.
    r"(?-i:Postgres)": "PostgreSQL",
    r"back-end|back end": "backend",
    r"fail-over|fail over": "failover",
    r"row level security": "row-level security",
    r"stand-alone": "standalone",
    r"data base": "database",
    r"time-stamp|time stamp": "timestamp",
    r"dry-run": "dry run",
    r"roll-back": "rollback",
}
_WORDS = {
    re.compile(word.replace(" ", r"\s+"), re.IGNORECASE): instead for word, instead in WORDS.items()
}
# One test of what comes before keeps the search short: most places are within a word.
_ANY = "|".join(word.pattern for word in _WORDS)
PATTERN = re.compile(rf"(?<![-`\w])(?:{_ANY})\b", re.IGNORECASE)
_DOCSTRING = re.compile(r'^\s*r?"""(?:Says?|Gives?|Tells?)\b', re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")


class Found(NamedTuple):
    """A word at a place, and what to write instead."""

    path: str
    line: int
    word: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}, write: {self.instead}"


def words_in(path: str, text: str) -> Iterator[Found]:
    """Yield the words of a file that are not used here, in order."""
    if not (PATTERN.search(text) or _DOCSTRING.search(text)):
        return
    for line, part in _prose(text) if path.endswith(".py") else [(1, text)]:
        for found in PATTERN.finditer(_without_code(path, part)):
            place = line + part.count("\n", 0, found.start())
            yield Found(path, place, found[0], _instead_of(found[0]))
        if _DOCSTRING.match(part):
            yield Found(path, line, part.strip('"').split()[0], "Return, or another imperative")


def _without_code(path: str, part: str) -> str:
    """Return the text with spaces for code; in JavaScript, backticks are around texts."""
    return part if path.endswith(".js") else _CODE.sub(lambda code: " " * len(code[0]), part)


def _instead_of(found: str) -> str:
    return next(instead for word, instead in _WORDS.items() if word.fullmatch(found))


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments and strings of Python, each with its first line."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield token.start[0], token.string


def files() -> Iterator[Path]:
    """Yield the files to read, in order."""
    for place in PLACES:
        for path in sorted(ROOT.glob(place)):
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                name = file.relative_to(ROOT).as_posix()
                if file.suffix in SUFFIXES and not name.startswith(SKIPPED):
                    yield file


def main() -> int:
    """Print every word found; return 1 if there is one."""
    found = [
        word
        for file in files()
        for word in words_in(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
    ]
    sys.stdout.writelines(f"{word}\n" for word in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
