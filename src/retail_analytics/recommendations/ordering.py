"""Sorting many short lists at once: the best of each row, by one sort of packed numbers.

A row, a score and a position fit into one 64-bit number whose order is row, then best score, then
first position. numpy sorts such numbers seven times as fast as it finds the order of others.
"""

import numpy as np

POSITION_BITS = 22
SCORE_BITS = 25
ROW_BITS = 63 - POSITION_BITS - SCORE_BITS
MOST_ENTRIES = 2**POSITION_BITS
MOST_ROWS = 2**ROW_BITS
# a float of 32 bits without its sign, and without the bits that do not fit (a relative 2^-17)
LOST_BITS = 31 - SCORE_BITS
# cells of a table per entry, from which on one long sort is no slower
EMPTY_CELLS = 4
MOST_CODES = np.iinfo(np.int64).max


def sorted_keys(rows: np.ndarray, scores: np.ndarray, *, most: int | None = None) -> np.ndarray:
    """One int64 an entry, in order of row, falling score, position of the entry.

    rows: 0 to MOST_ROWS - 1. scores: not negative; those closer than a relative 2^-17 are equal.
    most: entries of a row that are wanted; those after them may be left out. Raises ValueError when
    there are more rows or entries than fit.
    """
    if len(rows) > MOST_ENTRIES or (len(rows) and rows.max() >= MOST_ROWS):
        raise ValueError("rows: too many for packed numbers")
    bits = score_bits(scores)
    keys = rows.astype(np.int64) << (SCORE_BITS + POSITION_BITS)
    keys |= (np.int64(2**SCORE_BITS - 1) - bits) << POSITION_BITS
    keys |= np.arange(len(rows))
    lines = lines_of(rows)
    if lines is None:
        keys.sort()
        return keys
    table = np.full(lines.shape, np.iinfo(np.int64).max)
    table[lines] = keys
    if most is not None and table.shape[1] > 2 * most:
        table.partition(most - 1, axis=1)
        table, lines = np.ascontiguousarray(table[:, :most]), lines[:, :most]
    table.sort(axis=1)
    return table[lines]


def score_bits(scores: np.ndarray) -> np.ndarray:
    """Scores as whole numbers of SCORE_BITS bits in the same order."""
    # the sum turns a negative zero into zero
    return (np.asarray(scores, dtype=np.float32) + np.float32(0)).view(np.int32) >> LOST_BITS


def lines_of(rows: np.ndarray) -> np.ndarray | None:
    """Cells of a table with one line per row that entries in order of row fill from the left.

    None where rows are out of order, or so unlike in length that the table were mostly empty. Many
    short lines are sorted twice as fast as one long one.
    """
    if not len(rows) or (rows[1:] < rows[:-1]).any():
        return None
    starts = np.flatnonzero(begins_run(rows))
    sizes = np.diff(np.append(starts, len(rows)))
    if len(starts) * sizes.max() > EMPTY_CELLS * len(rows):
        return None
    return np.arange(sizes.max()) < sizes[:, None]


def best_entries(rows: np.ndarray, scores: np.ndarray, *, most: int) -> np.ndarray:
    """Positions of the `most` best entries of each row: by row, best first, ties by position."""
    keys = sorted_keys(rows, scores, most=most)
    kept = position_in_run(keys >> (SCORE_BITS + POSITION_BITS)) < most
    return keys[kept] & (MOST_ENTRIES - 1)


def best_of_runs(rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Positions of the best entry of each row, for rows in order; as `best_entries` of one."""
    if not len(rows):
        return np.zeros(0, dtype=np.int64)
    bits = score_bits(scores)
    # of equal scores the first position is the largest number
    keys = (bits.astype(np.int64) << 32) | np.arange(2**32 - 1, 2**32 - 1 - len(rows), -1)
    starts = np.flatnonzero(begins_run(rows))
    return 2**32 - 1 - (np.maximum.reduceat(keys, starts) & (2**32 - 1))


def order_by(*keys: np.ndarray) -> np.ndarray:
    """Positions in order of the first key, then of the second, and so on; ties by position.

    The same as `np.lexsort` of whole numbers (there the last key comes first): as many keys as fit
    are packed with the position into one number.
    """
    count = len(keys[0])
    if not count:
        return np.zeros(0, dtype=np.int64)
    lows = [int(key.min()) for key in keys]
    spans = [int(key.max()) - low + 1 for key, low in zip(keys, lows, strict=True)]
    if max(spans) * count > MOST_CODES:
        return np.lexsort(keys[::-1])
    order, code, size = None, np.arange(count), count
    for key, low, span in zip(keys[::-1], lows[::-1], spans[::-1], strict=True):
        if size * span > MOST_CODES:
            code.sort()
            order = code % count if order is None else order[code % count]
            code, size = np.arange(count), count
        code += (key.astype(np.int64) if order is None else key[order].astype(np.int64)) * size
        code -= low * size
        size *= span
    code.sort()
    return code % count if order is None else order[code % count]


def distinct(values: np.ndarray) -> np.ndarray:
    """The sorted different values; `np.unique` takes a hundred times as long for many numbers."""
    ordered = np.sort(values)
    return ordered[begins_run(ordered)]


def places(known: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each wanted code stands among the known ones (sorted), and whether it is there."""
    if not len(known):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, known[place] == wanted


def position_in_run(values: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of equal values."""
    return np.arange(len(values)) - first_of_run(values)


def first_of_run(values: np.ndarray) -> np.ndarray:
    """Position of the first entry of the run of equal values that each entry is in."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    return np.maximum.accumulate(np.where(begins_run(values), np.arange(len(values)), 0))


def begins_run(values: np.ndarray) -> np.ndarray:
    """Whether each of the values is the first of a run of equal ones."""
    return np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]


def ranks_in_rows(rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Rank of each entry by falling score within its row, from 1; equal scores share the best.

    Entries may stand in any order and keep it.
    """
    keys = sorted_keys(rows, scores)
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[keys & (MOST_ENTRIES - 1)] = (
        first_of_run(keys >> POSITION_BITS) - first_of_run(keys >> (SCORE_BITS + POSITION_BITS)) + 1
    )
    return ranks
