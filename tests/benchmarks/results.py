"""Figures and their targets."""

import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """The bound of a figure: the most it may be, or the least it must be."""

    figure: str
    bound: float
    is_least: bool = False

    def judge(self, value: float) -> dict[str, Any]:
        met = value >= self.bound if self.is_least else value <= self.bound
        return {"least" if self.is_least else "most": self.bound, "met": met}


def most(figure: str, bound: float) -> Target:
    return Target(figure, bound)


def least(figure: str, bound: float) -> Target:
    return Target(figure, bound, is_least=True)


@dataclass
class Result:
    """The outcome of one benchmark."""

    targets: tuple[Target, ...]
    figures: dict[str, float] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, figure: str, value: float) -> None:
        """Keep a figure, and print it for whoever waits."""
        self.figures[figure] = round(value, 2)
        print(f"  {figure} {value:.2f}", file=sys.stderr)

    def add_errors(self, errors: dict[str, int]) -> None:
        for kind, number in errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + number

    @property
    def document(self) -> dict[str, Any]:
        targets = {target.figure: target.judge(self.figures[target.figure]) for target in self.targets}
        met = not self.errors and all(target["met"] for target in targets.values())
        return {"figures": self.figures, "targets": targets, "errors": self.errors, "met": met}
