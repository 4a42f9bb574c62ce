"""Random numbers keyed by product, so that a product's draws depend on no other product."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Where the counters of each use begin, so that no number is used twice; the bootstrap's are below.
ORIGIN_STREAM, REPLAY_STREAM = 2**40, 2**41
MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def product_keys(product_ids: Sequence[str], *, seed: int) -> np.ndarray:
    """A 64-bit key for each product, from its id and the seed alone: uint64 (products,)."""
    digests = (blake2b(f"{seed}:{name}".encode(), digest_size=8).digest() for name in product_ids)
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def uniforms(keys: np.ndarray, counters: np.ndarray | int) -> np.ndarray:
    """Uniform numbers in (0, 1), one for each key and counter (broadcast together).

    The same key and counter always give the same number (splitmix64; Steele, Lea and Flood 2014).
    """
    state = keys + (np.asarray(counters, dtype=np.uint64) + np.uint64(1)) * GOLDEN
    state = (state ^ (state >> np.uint64(30))) * MIX[0]
    state = (state ^ (state >> np.uint64(27))) * MIX[1]
    state ^= state >> np.uint64(31)
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
