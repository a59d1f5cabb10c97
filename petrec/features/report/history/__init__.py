"""What earlier runs found: in a local file, or in schema `petrec`."""

from petrec.features.report.history.compared import Comparison, compared_with_nothing
from petrec.features.report.history.file import compared_in_file
from petrec.features.report.history.table import compared_in_database

__all__ = ["Comparison", "compared_in_database", "compared_in_file", "compared_with_nothing"]
