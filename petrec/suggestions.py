"""What somebody who mistyped a name may have meant."""

import difflib
import unicodedata
from collections.abc import Iterable

_MOST = 3
_LIKENESS = 0.6


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """Return a question that names the known names most like the wanted one; without any, ""."""
    forms = {_folded(name): name for name in known}
    close = difflib.get_close_matches(_folded(wanted), list(forms), n=_MOST, cutoff=_LIKENESS)
    names = [repr(forms[form]) for form in close]
    return f"did you mean {' or '.join(names)}?" if names else ""


def _folded(name: str) -> str:
    """Return a name without case and accents."""
    apart = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))
