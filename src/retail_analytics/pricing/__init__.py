"""Prices: where they stand, and what units do when they move."""
