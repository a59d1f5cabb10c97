"""The review as one HTML file that works without a server: read, decide, download."""

from petrec.features.review.page.write import TITLE, PageFacts, moment_of_export, write_page

__all__ = ["TITLE", "PageFacts", "moment_of_export", "write_page"]
