"""How a figure is written down: beside its target and a baseline of the same run."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MB = 1_000_000
MIB = 1 << 20


@dataclass(frozen=True)
class Figure:
    """One line: what, how much, what it should be, and what it is compared with."""

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the target holds on this machine at this moment; true where there is none."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    def __str__(self) -> str:
        """One line of the table."""
        parts = [f"  {self.what:54} {amount(self.value)} {self.unit}"]
        if self.at_most is not None or self.at_least is not None:
            sign, bound = (
                ("<=", self.at_most) if self.at_most is not None else (">=", self.at_least)
            )
            parts.append(
                f"target {sign} {amount(bound)}: {'reached' if self.reached else 'MISSED'}"
            )
        if self.baseline:
            ratio = self.value / self.baseline
            parts.append(f"{ratio:.2f} x {self.baseline_name} ({amount(self.baseline)})")
        if self.note:
            parts.append(self.note)
        return "; ".join(parts)


def amount(value: float) -> str:
    """A number with the digits that mean something."""
    if value == int(value) and value < MB:
        return str(int(value))
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share of all values does not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def median(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def load() -> str:
    """What else the machine is doing."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
