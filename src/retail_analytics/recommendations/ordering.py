"""Sorting many short lists at once: the best of each row, by one sort of packed numbers.

A row, a score and a column fit into one 64-bit number whose order is row, then best score, then
lowest column. numpy sorts such numbers several times as fast as it sorts by several keys.
"""

from __future__ import annotations

import numpy as np

COLUMN_BITS = 22
SCORE_BITS = 25
ROW_BITS = 63 - COLUMN_BITS - SCORE_BITS
MOST_COLUMNS = 2**COLUMN_BITS
MOST_ROWS = 2**ROW_BITS
# a float of 32 bits without its sign, and without the bits that do not fit (a relative 2^-17)
LOST_BITS = 31 - SCORE_BITS


def packed(rows: np.ndarray, scores: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """One int64 an entry; sorted, they are in order of row, falling score, rising column.

    rows: 0 to MOST_ROWS - 1. scores: not negative; those closer than a relative 2^-17 are equal.
    columns: 0 to MOST_COLUMNS - 1. Raises ValueError when rows or columns do not fit.
    """
    if len(rows) and (rows.max() >= MOST_ROWS or columns.max() >= MOST_COLUMNS):
        raise ValueError("rows or columns: too many for one packed number")
    # the sum turns a negative zero into zero
    bits = (np.asarray(scores, dtype=np.float32) + np.float32(0)).view(np.int32) >> LOST_BITS
    low = np.int64(2**SCORE_BITS - 1) - bits
    return (
        (rows.astype(np.int64) << (SCORE_BITS + COLUMN_BITS))
        | (low << COLUMN_BITS)
        | columns.astype(np.int64)
    )


def best_entries(
    rows: np.ndarray, scores: np.ndarray, columns: np.ndarray, *, most: int
) -> np.ndarray:
    """Positions of the `most` best entries of each row: by row, best first, ties by column."""
    order = np.argsort(packed(rows, scores, columns))
    return order[position_in_run(rows[order]) < most]


def position_in_run(values: np.ndarray) -> np.ndarray:
    """0, 1, 2, ... within each run of equal values."""
    return np.arange(len(values)) - first_of_run(values)


def first_of_run(values: np.ndarray) -> np.ndarray:
    """Position of the first entry of the run of equal values that each entry is in."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    starts = np.concatenate([[True], values[1:] != values[:-1]])
    return np.maximum.accumulate(np.where(starts, np.arange(len(values)), 0))


def ranks_in_rows(rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Rank of each entry by falling score within its row, from 1; equal scores share the best.

    Entries may stand in any order and keep it.
    """
    keys = packed(rows, scores, np.zeros(len(rows), dtype=np.int64))
    order = np.argsort(keys)
    keys = keys[order]
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = first_of_run(keys) - first_of_run(keys >> (SCORE_BITS + COLUMN_BITS)) + 1
    return ranks
