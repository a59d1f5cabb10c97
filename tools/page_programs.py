"""Run the programs of a page of the documentation, as a reader would who copies them.

The Python blocks of a section are one program. `python tools/page_programs.py PAGE` runs each in a
process of its own, with the interpreter and the working directory of this one, and ends with 1 if
one of them fails. It needs nothing but Python, so that it can judge an installed wheel.
"""

import re
import subprocess
import sys
from pathlib import Path

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def programs(page: str) -> dict[str, str]:
    """Return the programs of a page by the titles of their sections."""
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    joined = {title: "\n".join(_BLOCK.findall(text)) for title, text in sections.items()}
    return {title: code for title, code in joined.items() if code}


def main(page: Path) -> int:
    """Run the programs in the order of the page; return the exit code."""
    failed = 0
    for title, code in programs(page.read_text(encoding="utf-8")).items():
        sys.stdout.write(f"{page.name}, {title}\n")
        sys.stdout.flush()
        failed += bool(subprocess.run([sys.executable, "-c", code], check=False).returncode)  # noqa: S603
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
