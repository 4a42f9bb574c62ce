"""Inventory: demand classes, forecasts of intermittent demand, stock levels and their backtest."""

from retail_analytics.inventory.demand_classes import demand_classes
from retail_analytics.inventory.levels import (
    Inventory,
    inventory,
    inventory_chunk,
    inventory_chunks,
)
from retail_analytics.inventory.settings import InventorySettings

__all__ = [
    "Inventory",
    "InventorySettings",
    "demand_classes",
    "inventory",
    "inventory_chunk",
    "inventory_chunks",
]
