"""Limits and trends of delivery measures."""
