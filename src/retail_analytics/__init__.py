"""Retail analytics: the maths and the few tools behind the dbt project."""
