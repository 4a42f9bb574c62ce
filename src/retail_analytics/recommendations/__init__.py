"""What to offer whom: histories, similarities, scores, their evaluation, basket rules, rhythms.

Frames and arrays in, frames and arrays out. Customers, products and baskets are whole numbers from
zero; who they are is known to the tables alone.
"""
