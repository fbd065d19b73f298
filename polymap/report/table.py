"""Plain text tables: columns padded with spaces, names to the left and numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

Row = Sequence[str]


def table(header: Row, rows: Sequence[Row], names: int = 1, totals: Sequence[Row] = ()) -> list[str]:
    """Lines of a table; the first `names` columns are left-aligned, and `totals` stand below a rule.

    >>> print(*table(("layer", "cycles"), [("conv1", "1,024")]), sep="\\n")
    layer  cycles
    -------------
    conv1   1,024
    """
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, *totals)]
    lines = [_line(row, widths, names) for row in (header, *rows, *totals)]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body, below = lines[1 : 1 + len(rows)], lines[1 + len(rows) :]
    return [lines[0], rule, *body, *([rule, *below] if below else [])]


def _line(row: Row, widths: Sequence[int], names: int) -> str:
    cells = [cell.ljust(width) if i < names else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
    return "  ".join(cells).rstrip()
