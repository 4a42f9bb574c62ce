"""Inventory: demand classes, forecasts of intermittent demand, stock levels and their proof."""

from .demand_classes import demand_classes
from .levels import Inventory, inventory, inventory_chunk, inventory_chunks
from .settings import InventorySettings

__all__ = [
    "Inventory",
    "InventorySettings",
    "demand_classes",
    "inventory",
    "inventory_chunk",
    "inventory_chunks",
]
