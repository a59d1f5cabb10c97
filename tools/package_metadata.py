"""What the package says of itself on an index: the README with links that work there.

Where the sources are published is known only to who publishes them: the release workflow gives the
address of the repository in PETREC_REPOSITORY. Without it, the README stays as it is, and the
package names no address.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LABEL = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_LINK = re.compile(rf"(!?)({_LABEL})\((?!https?:)([^)#\s]*)(#[^)\s]*)?\)")


class CustomMetadataHook(MetadataHookInterface):  # type: ignore[misc]
    """Fill in the fields that depend on where the sources are published."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README and, where the repository is known, its addresses."""
        repository = os.environ.get("PETREC_REPOSITORY", "").rstrip("/")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        if repository:
            text = absolute(text, repository)
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{repository}/blob/HEAD/docs/index.md",
                "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def absolute(text: str, repository: str) -> str:
    """Return Markdown whose relative links lead into a repository; pictures to their files."""

    def replace(found: re.Match[str]) -> str:
        picture, label, path, anchor = found.groups()
        kind = "raw" if picture else "blob"
        return f"{picture}{label}({repository}/{kind}/HEAD/{path}{anchor or ''})"

    return _LINK.sub(replace, text)
