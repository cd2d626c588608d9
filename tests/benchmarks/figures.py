"""Figures and what they should be."""

import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """The floor of a figure, and where there is one the aim beyond it."""

    figure: str
    floor: float
    aim: float | None = None
    is_least: bool = False

    def judge(self, value: float) -> dict[str, Any]:
        judged: dict[str, Any] = {
            "least" if self.is_least else "most": self.floor,
            "met": self._fits(value, self.floor),
        }
        if self.aim is not None:
            judged |= {"aim": self.aim, "aimMet": self._fits(value, self.aim)}
        return judged

    def _fits(self, value: float, bound: float) -> bool:
        return value >= bound if self.is_least else value <= bound


def most(figure: str, floor: float, aim: float | None = None) -> Target:
    return Target(figure, floor, aim)


def least(figure: str, floor: float, aim: float | None = None) -> Target:
    return Target(figure, floor, aim, is_least=True)


@dataclass
class Result:
    """The outcome of one benchmark."""

    targets: tuple[Target, ...]
    figures: dict[str, float] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def note(self, figure: str, value: float) -> None:
        """Keep a figure and tell it to whoever waits."""
        self.figures[figure] = round(value, 2)
        print(f"  {figure} {value:.2f}", file=sys.stderr)

    def count(self, errors: dict[str, int]) -> None:
        for kind, number in errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + number

    @property
    def document(self) -> dict[str, Any]:
        targets = {target.figure: target.judge(self.figures[target.figure]) for target in self.targets}
        met = not self.errors and all(target["met"] for target in targets.values())
        return {"figures": self.figures, "targets": targets, "errors": self.errors, "met": met}
