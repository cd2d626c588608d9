"""Benchmarks: ``python -m tests.benchmarks NAME`` prints figures, targets and what was met as one JSON object.

Everything runs on loopback and on a throwaway PostgreSQL that really syncs; nothing is counted but answers that carry
back the number sent with their request. What is compared is measured in turns: absolute figures hold only for the
machine and the day.
"""
