"""The review as one page that works from a file, without a server or a network."""

from petrec.review.page.write import write_page

__all__ = ["write_page"]
