"""Rules of translation, one family of operations each; importing this registers them all."""

from mars_nb.planner.columnar.rules import aggregations, choosing, groups, joins, operators, rows

__all__ = ["aggregations", "choosing", "groups", "joins", "operators", "rows"]
