"""Randomised tests: who gets what, what it did, and whether the answer may be believed."""
