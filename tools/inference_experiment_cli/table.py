"""Fits a table to a terminal: which columns are shown, and how wide each is."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from inference_experiment_cli.terminal import fill, fold, parts

GAP: Final = "  "
WHOLE_WORD_CELLS: Final = 26
"""Longest word that is kept whole while there are optional columns to leave out: the name of an operation."""
NARROWEST_COLUMN_CELLS: Final = (6, 12)
"""Width to which every column may be narrowed before further ones are left out: of a narrow and of a wide terminal."""


@dataclass(frozen=True)
class Layout:
    """The columns of a table that are shown, by index, and their widths in cells; `folds` where cells are to fit."""

    columns: Sequence[int]
    widths: Sequence[int]
    folds: bool

    def lines(self, cells: Sequence[str]) -> Iterator[str]:
        """Yield the lines of a row; a cell that is too long goes on below itself."""
        shown = [cells[index] for index in self.columns]
        if not self.folds or all(cell_len(text) <= width for text, width in zip(shown, self.widths, strict=True)):
            yield self._line(shown)
            return
        folded = [fold(text, width) for text, width in zip(shown, self.widths, strict=True)]
        for number in range(max(map(len, folded))):
            yield self._line([lines[number] if number < len(lines) else "" for lines in folded])

    def _line(self, cells: Iterable[str]) -> str:
        return GAP.join(fill(text, width) for text, width in zip(cells, self.widths, strict=True)).rstrip()


def layout(rows: Sequence[Sequence[str]], width: int | None, optional: Collection[int] = ()) -> Layout:
    """Return the layout of a table for `width` cells, from its head and a sample of its rows; None: no limit.

    Cells are folded between words. Where even words do not fit, `optional` columns are left out, the last first; then
    words are folded too; then further columns are left out from the end. The first column is always shown.
    """
    natural = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    columns = list(range(len(natural)))
    if width is None or _total(natural) <= width:
        return Layout(columns, natural, folds=width is not None)
    words = [_longest_word(column) for column in zip(*rows, strict=True)]
    for index in sorted(optional, reverse=True):
        if _total([words[each] for each in columns]) > width:
            columns.remove(index)
    least = words
    if _total([words[each] for each in columns]) > width:
        narrowest = min(max(width // 4, NARROWEST_COLUMN_CELLS[0]), NARROWEST_COLUMN_CELLS[1])
        least = [min(each, narrowest) for each in natural]
    while len(columns) > 1 and _total([least[each] for each in columns]) > width:
        columns.pop()
    shown = _narrowed([natural[each] for each in columns], [least[each] for each in columns], width)
    return Layout(columns, shown, folds=True)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _longest_word(cells: Iterable[str]) -> int:
    return min(WHOLE_WORD_CELLS, max((cell_len(part) for text in cells for part in parts(text)), default=0))


def _narrowed(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Return widths that fit, the widest columns narrowed first; a single column may have to be narrower still."""
    limit = max(natural)
    widths = list(natural)
    while _total(widths) > width and limit > 1:
        limit -= 1
        widths = [max(low, min(each, limit)) for each, low in zip(natural, least, strict=True)]
    spare = width - _total(widths)
    for index, each in enumerate(natural):
        more = min(max(spare, 0), each - widths[index])
        widths[index] += more
        spare -= more
    return widths if len(widths) > 1 else [max(1, min(widths[0], width))]
