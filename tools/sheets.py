"""Draw a page at every width, light, dark and printed, or a workbook, as one picture to look at."""

import base64
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2

WIDTHS = {320: 640, 390: 780, 768: 1024, 1366: 768, 1920: 1080}
# A page of A4 at 96 dots an inch.
_PRINTED = {"width": 794, "height": 1123}
_SHOWN_HEIGHT = 380
_STYLE = """body { margin: 12px; background: #888; font: 13px sans-serif }
figure { display: inline-block; margin: 6px } img { display: block; height: %dpx }"""


def draw_sheet(
    browser: Any, page: Path, target: Path, opened: Callable[[Any], None] = lambda _: None
) -> None:
    """Draw the page; `opened` is called with each tab before its picture is taken."""
    shots = list(_shots(browser, page, opened))
    figures = "".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(shot).decode()}">'
        f"<figcaption>{name}</figcaption></figure>"
        for name, shot in shots
    )
    tab = browser.new_page(viewport={"width": 1400, "height": 400})
    tab.set_content(f"<style>{_STYLE % _SHOWN_HEIGHT}</style>{figures}")
    tab.screenshot(path=target, full_page=True, type="jpeg", quality=70)
    tab.close()


def _shots(browser: Any, page: Path, opened: Callable[[Any], None]) -> Iterator[tuple[str, bytes]]:
    for scheme in ("light", "dark"):
        for width, height in WIDTHS.items():
            size = {"width": width, "height": height}
            yield f"{width}, {scheme}", _shot(browser, page, opened, size, color_scheme=scheme)
    # Who prints may look at a dark screen.
    yield "print", _shot(browser, page, opened, _PRINTED, color_scheme="dark", media="print")


def _shot(
    browser: Any,
    page: Path,
    opened: Callable[[Any], None],
    size: dict[str, int],
    *,
    color_scheme: str,
    media: str = "screen",
) -> bytes:
    tab = browser.new_page(viewport=size, color_scheme=color_scheme, reduced_motion="reduce")
    tab.goto(page.as_uri())
    opened(tab)
    tab.emulate_media(media=media, color_scheme=color_scheme)
    picture: bytes = tab.screenshot()
    tab.close()
    return picture


def draw_workbook(workbook: Path, target: Path, page: int = 1) -> None:
    """Draw a page of a workbook as LibreOffice prints it; the first is 0."""
    with tempfile.TemporaryDirectory() as directory:
        profile = f"-env:UserInstallation=file://{directory}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", directory]
        subprocess.run([*command, str(workbook)], check=True, capture_output=True)  # noqa: S603
        printed = pypdfium2.PdfDocument(Path(directory) / f"{workbook.stem}.pdf")
        printed[page].render(scale=1.5).to_pil().save(target, quality=70)
        printed.close()
