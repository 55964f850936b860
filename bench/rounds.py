"""Timing: many short rounds, in each of which every series has its turn, in an order that chance decides.

What a machine does beside slows whole rounds, so only what one round measured is ever compared. The first requests of
a turn are not timed: they find the processor's caches full of what another candidate ran, and a site has but one.
"""

import gc
import random
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import process_time

from bench.wire import Environ, send

WARM_UP = 3
"""Requests at the start of each turn that are not timed."""

Timings = Mapping[str, list[float]]
"""Seconds of CPU for a request of each series, one number for each round."""


@dataclass(frozen=True)
class Series:
    """Requests of one sort."""

    environs: Callable[[], list[Environ]]
    """The requests of the next round."""

    tidy: Callable[[], None] | None = None
    """What is to be undone after each round."""


@dataclass(frozen=True)
class Spread:
    """The middle, and the quarters below and above it."""

    low: float
    median: float
    high: float

    def told(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def run(series: Mapping[str, Series], rounds: int, warm_up: int = 3) -> Timings:
    """Go through the rounds. The first ones, which fill caches, are not counted."""
    order = list(series)
    timings: dict[str, list[float]] = {name: [] for name in order}
    gc.freeze()  # What is there already is not looked through again and again.
    for _ in range(warm_up + rounds):
        random.shuffle(order)
        with _no_collection():
            for name in order:
                timings[name].append(_time(series[name].environs()))
        for one in series.values():
            if one.tidy:
                one.tidy()
    return {name: seconds[warm_up:] for name, seconds in timings.items()}


def ratio(of: list[float], to: list[float]) -> Spread:
    """How many times as much, round by round."""
    return spread([one / other for one, other in zip(of, to, strict=True)])


def spread(values: list[float]) -> Spread:
    if len(values) < 2:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4))


def _time(environs: list[Environ]) -> float:
    send(environs[:WARM_UP])
    start = process_time()
    send(environs[WARM_UP:])
    return (process_time() - start) / (len(environs) - WARM_UP)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage of one series from being charged to another."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
