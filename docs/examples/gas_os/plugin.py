"""GAS_OS: show the products of a gas depot and quote an order. Run it with a port as the only argument."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kasilabs_plugin import Answer, Plugin, error

PRODUCTS = {
    "GAS-6KG": ("6 kg refill", "refill", 120_000),
    "GAS-13KG": ("13 kg refill", "refill", 265_000),
    "CYL-13KG": ("13 kg cylinder, filled", "cylinder", 620_000),
    "ACC-REG": ("Regulator", "accessory", 85_000),
}
DELIVERY = {"nairobi": 20_000, "mombasa": 25_000, "kisumu": 15_000}
"""What one delivery costs in each region, in cents."""
OFFLINE = {"Lamu": "DEPOT-7"}
"""Estates whose depot does not answer, with the name of its system: a failure to look at, whenever you want one."""


def money(cents: int) -> dict[str, Any]:
    return {"amountMinor": cents, "currency": "KES"}


def list_products(call: dict[str, Any]) -> Answer:
    """List what the depot of the configured region sells."""
    wanted = call["input"].get("category")
    products = [
        {"sku": sku, "name": name, "category": category, "price": money(cents)}
        for sku, (name, category, cents) in PRODUCTS.items()
        if wanted in (None, category)
    ]
    return 200, {"region": call["configuration"]["region"], "products": products}


def quote_order(call: dict[str, Any]) -> Answer:
    """Work out a price; orders nothing. An unknown product is an answer the agent can use, not an error.

    A depot that does not answer is a fault of ours, so 503: the agent is told that the plugin failed and nothing else,
    and the sentence is for the operator who reads the log.
    """
    wanted, configuration = call["input"], call["configuration"]
    if wanted["estate"] in OFFLINE:
        return error(
            503, "depot_offline", f"{OFFLINE[wanted['estate']]} does not answer. Look at its network link first."
        )
    if wanted["quantity"] > 20:
        return error(422, "too_many", "One order has at most 20 pieces.")
    if wanted["product"] not in PRODUCTS:
        return 200, {"status": "unknown_product", "product": wanted["product"]}
    goods = PRODUCTS[wanted["product"]][2] * wanted["quantity"]
    delivery = DELIVERY[configuration["region"]] if configuration["chargeDelivery"] else 0
    return 200, {
        "status": "quoted",
        "product": wanted["product"],
        "quantity": wanted["quantity"],
        "estate": wanted["estate"],
        "goods": money(goods),
        "delivery": money(delivery),
        "total": money(goods + delivery),
    }


if __name__ == "__main__":
    Plugin("GAS_OS", {"list_products": list_products, "quote_order": quote_order}).serve(int(sys.argv[1]))
