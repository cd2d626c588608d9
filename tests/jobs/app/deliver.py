import os
import time
from pathlib import Path

from kasilabs.jobs.sources import JobFailed
from kasilabs.lib.db import connection
from tests.jobs.app.models import Delivery, Parcel

GATE_SECONDS = 300


def deliver(parcel: Parcel) -> None:
    """Delivers a parcel in the transaction that ends its row, as soon as the gate lets it through."""
    if parcel.address == "nowhere":
        raise JobFailed("no_such_address", is_final=True)
    if parcel.address == "flooded road" or (parcel.address == "flooded at first" and parcel.attempt == 1):
        raise JobFailed("road_closed")
    _wait_at_the_gate()
    with parcel.finishing():
        Delivery.objects.create(parcel_id=parcel.id, attempt=parcel.attempt, process=os.getpid())


def _wait_at_the_gate() -> None:
    """Waits until fewer parcels are delivered than the file named by PARCELS_GATE says may be."""
    gate = os.environ.get("PARCELS_GATE")
    until = time.monotonic() + GATE_SECONDS
    while gate and Delivery.objects.count() >= int(Path(gate).read_text()):
        connection.release()
        if time.monotonic() > until:
            raise TimeoutError(gate)
        time.sleep(0.01)
