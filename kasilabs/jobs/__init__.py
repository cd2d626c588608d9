"""Later work: what is due stands in tables of the apps; workers are woken by a bell and by a sweep.

An app makes a table of `models.DueRow`, registers a `sources.Source` for it in AppConfig.ready(), writes rows inside
its own transactions and calls `bell.ring(row)`. The row is the truth. A ring that is lost costs only the time until the
next sweep.
"""
