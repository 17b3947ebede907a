"""Rules of translation, one family of operations each; importing this registers them all."""

from mars_nb.planner.columnar.rules import choosing, groups, joins, matching, operators, reductions, rows

__all__ = ["choosing", "groups", "joins", "matching", "operators", "reductions", "rows"]
