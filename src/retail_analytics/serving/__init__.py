"""Reads the published file and nothing before it."""
