"""Reads a user's files; converts exports of other systems."""
