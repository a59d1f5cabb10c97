"""The review as one HTML file that works without a server: read, decide, download."""

from petrec.features.review.page.write import PageFacts, write_page

__all__ = ["PageFacts", "write_page"]
