"""What a benchmark gives: tables of numbers, which read the same in a terminal and on a page."""

from collections.abc import Iterable
from typing import NamedTuple


class Table(NamedTuple):
    """A heading, what was measured and how, and the figures.

    Columns maps the head of each column to the format of its cells; a cell that is a string is
    shown as it is.
    """

    title: str
    about: str
    columns: dict[str, str]
    rows: list[tuple]

    def column(self, head: str) -> list:
        return [row[list(self.columns).index(head)] for row in self.rows]

    def __str__(self) -> str:
        """As Markdown."""
        lines = [list(self.columns), [":--", *["--:"] * (len(self.columns) - 1)]]
        for row in self.rows:
            cells = zip(row, self.columns.values(), strict=True)
            lines.append(
                [cell if isinstance(cell, str) else how.format(cell) for cell, how in cells]
            )
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{self.about}\n\n{table}\n"


def show(tables: Iterable[Table]) -> None:
    """Print each table as soon as it is measured."""
    for table in tables:
        print(table, flush=True)
