"""The worker process: threads that answer the bell, and one that sweeps."""

import signal
import time
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from huey.consumer import Consumer, Scheduler

from kasilabs.jobs import bell, sweep

log = structlog.get_logger(__name__)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_SECONDS = 30
"""How long rows under way may take to end when the worker is told to."""
HEALTH_SECONDS = 10
LONGEST_POLL_SECONDS = 1


class Sweeper(Scheduler):  # type: ignore[misc]  # Huey has no types
    """Huey's scheduler, which hands out rings whose time has come; in place of its crontab it sweeps."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.interval: float = min(1, settings.JOBS_SWEEP_SECONDS)
        self.periodic_task_seconds = settings.JOBS_SWEEP_SECONDS

    def enqueue_periodic_tasks(self, _now: object) -> None:
        try:
            sweep.ring_due()
        except Exception as error:
            # A bell or a database that is gone for a while. Without this, Huey's thread would end.
            log.exception("sweep_failed", code=type(error).__name__)


class SweepingConsumer(Consumer):  # type: ignore[misc]  # Huey has no types
    scheduler_class = Sweeper


def work() -> None:
    """Works until SIGTERM or SIGINT, then lets what is under way end. A second signal does not wait for it."""
    consumer = SweepingConsumer(
        bell.huey(),
        workers=settings.JOBS_THREADS,
        max_delay=LONGEST_POLL_SECONDS,
        shutdown_timeout=STOP_SECONDS,
    )
    # Huey sets handlers of its own, under which SIGTERM leaves rows in the middle. A signal between its and ours waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    consumer.start()
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        log.info("worker_started", threads=settings.JOBS_THREADS)
        while True:
            time.sleep(HEALTH_SECONDS)
            consumer.check_worker_health()
    except KeyboardInterrupt:
        log.info("worker_stopping")
    consumer.stop(graceful=True)
    log.info("worker_stopped")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
