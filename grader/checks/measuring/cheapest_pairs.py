"""Pairs rows with columns at the least cost.

scipy has this, too; but these checks also run where students do, and their notebooks need no scipy.
"""

import numpy as np

from grader.arrays import Array


def cheapest_columns(costs: Array) -> Array:
    """For each row of (N, M), N <= M, a column of its own, so that the costs add up to the least.

    Shortest augmenting paths (Jonker & Volgenant 1987); costs must be finite.
    """
    count, width = costs.shape
    row_price, column_price = np.zeros(count), np.zeros(width)
    owner = np.full(width, -1)  # the row that has a column
    for row in range(count):
        path, end = np.full(width, -1), -1
        distance, done = np.full(width, np.inf), np.zeros(width, dtype=bool)
        visited, here, so_far = [], row, 0.0
        while end < 0:
            visited.append(here)
            reach = so_far + costs[here] - row_price[here] - column_price
            nearer = ~done & (reach < distance)
            distance[nearer], path[nearer] = reach[nearer], here
            column = int(np.argmin(np.where(done, np.inf, distance)))
            so_far, done[column] = float(distance[column]), True
            end, here = (column, here) if owner[column] < 0 else (-1, int(owner[column]))
        row_price[row] += so_far
        for other in visited[1:]:
            own = int(np.flatnonzero(owner == other)[0])
            row_price[other] += so_far - distance[own]
        column_price[done] -= so_far - distance[done]
        while end >= 0:  # hand the columns on along the path
            giver = int(path[end])
            owner[end] = giver
            held = np.flatnonzero((owner == giver) & (np.arange(width) != end))
            end = int(held[0]) if len(held) else -1
    return np.array([int(np.flatnonzero(owner == row)[0]) for row in range(count)])
