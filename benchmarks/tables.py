"""What a benchmark gives: tables of numbers, printed in a terminal or written as Markdown."""

from collections.abc import Iterable
from typing import NamedTuple


class Table(NamedTuple):
    """A heading, what was measured and how, and the figures.

    Columns maps the head of each column to the format of its cells; a cell that is a string is
    shown as it is, and None as a dash.
    """

    title: str
    about: str
    columns: dict[str, str]
    rows: list[tuple]

    def column(self, head: str) -> list:
        return [row[list(self.columns).index(head)] for row in self.rows]

    def cells(self) -> list[list[str]]:
        return [
            [_shown(cell, how) for cell, how in zip(row, self.columns.values(), strict=True)]
            for row in self.rows
        ]

    def __str__(self) -> str:
        lines = [list(self.columns), *self.cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        first, *others = widths
        body = [
            line[0].ljust(first)
            + "".join(cell.rjust(width + 3) for cell, width in zip(line[1:], others, strict=True))
            for line in lines
        ]
        return "\n".join([self.title, *body]) + "\n"

    def markdown(self) -> str:
        rule = [":--", *["--:"] * (len(self.columns) - 1)]
        lines = [list(self.columns), rule, *self.cells()]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{self.about}\n\n{table}\n"


def show(tables: Iterable[Table]) -> None:
    """Print each table as soon as it is measured."""
    for table in tables:
        print(table, flush=True)


def _shown(cell, how: str) -> str:
    if cell is None:
        return "–"
    return cell if isinstance(cell, str) else how.format(cell)
