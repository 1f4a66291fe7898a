"""The best pairing of two lists: the Hungarian method, over whole numbers."""

from collections.abc import Sequence
from math import inf


def best_pairs(weights: Sequence[Sequence[int]], columns: int) -> list[int | None]:
    """The column of each row such that the sum of their weights is the largest.

    Each column is taken at most once. A pair of weight 0 is none.

    Args:
        weights: rows of ``columns`` numbers of at least 0.

    Kuhn's and Munkres' method with potentials, O(rows^2 x (rows + columns)):
    https://cp-algorithms.com/graph/hungarian-algorithm.html
    """
    width = max(columns, len(weights))
    costs = [[-weight for weight in row] + [0] * (width - columns) for row in weights]
    owners = _Owners(costs, width)
    for row in range(len(weights)):
        owners.add(row)
    found: list[int | None] = [None] * len(weights)
    for column in range(columns):
        row = owners.row_of[column]
        if row >= 0 and weights[row][column]:
            found[row] = column
    return found


class _Owners:
    """The row of each column, at the least cost for the rows that were added."""

    def __init__(self, costs: Sequence[Sequence[int]], width: int) -> None:
        self.costs = costs
        self.width = width
        self.row_of = [-1] * (width + 1)
        """The last column is no column: the row that is being added stands there."""
        self.by_row = [0] * len(costs)
        self.by_column = [0] * (width + 1)

    def add(self, row: int) -> None:
        """Give one more row a column, along the cheapest path of exchanges."""
        column = self.width
        self.row_of[column] = row
        least: list[float] = [inf] * self.width
        before = [-1] * self.width
        used: list[int] = []
        free = set(range(self.width))
        while self.row_of[column] >= 0:
            used.append(column)
            self._look_from(column, free, least, before)
            nearest = min(free, key=lambda place: (least[place], place))
            self._shift(int(least[nearest]), used, free, least)
            free.discard(nearest)
            column = nearest
        while column != self.width:
            self.row_of[column] = self.row_of[before[column]]
            column = before[column]

    def _look_from(
        self, column: int, free: set[int], least: list[float], before: list[int]
    ) -> None:
        """Note the columns to which the owner of ``column`` could change more cheaply."""
        row = self.row_of[column]
        costs, own = self.costs[row], self.by_row[row]
        for place in free:
            cost = costs[place] - own - self.by_column[place]
            if cost < least[place]:
                least[place], before[place] = cost, column

    def _shift(self, by: int, used: list[int], free: set[int], least: list[float]) -> None:
        """Change the potentials such that the nearest column costs nothing more."""
        for column in used:
            self.by_row[self.row_of[column]] += by
            self.by_column[column] -= by
        for column in free:
            least[column] -= by
