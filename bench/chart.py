"""The ratios as a bar chart, in SVG."""

from collections.abc import Mapping
from html import escape
from typing import Any

from bench.candidates import FLOOR, OURS

WIDTH, LEFT, RIGHT = 720, 172, 64
BAR, GAP, HEAD, EDGE = 16, 10, 48, 16

# The page around an image may be light where its reader prefers dark, so the image brings its own ground.
STYLE = """
.ground { fill: #ffffff }
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 }
.bar { fill: #8c959f }
.floor { fill: #bc4c00 }
.ours { fill: #0969da }
.line { stroke: #8c959f; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  .ground { fill: #161b22 }
  text { fill: #e6edf3 }
  .bar { fill: #6e7681 }
  .floor { fill: #db6d28 }
  .ours { fill: #4493f8 }
}
"""
CLASSES = {FLOOR: "floor", **dict.fromkeys(OURS, "ours")}


def chart(told: Mapping[str, Any]) -> str:
    """A bar for each candidate and database: CPU of a request as a ratio to the open view."""
    databases = list(told["databases"].values())
    widest = max(row["to_open"]["median"] for one in databases for row in one["candidates"].values())
    scale = (WIDTH - LEFT - RIGHT) / widest
    parts, top = [], 0
    for database in databases:
        parts.append(f'<text class="head" x="{EDGE}" y="{top + 30}">{escape(database["server"])}</text>')
        top += HEAD
        for name, row in _cheapest_first(database["candidates"]):
            parts.append(_bar(name, row["to_open"]["median"], scale, top))
            top += BAR + GAP
        parts.append(_one(scale, top - len(database["candidates"]) * (BAR + GAP), top))
    title = "CPU of an authenticated request, as a ratio to the same view without authentication"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + EDGE}" role="img" aria-label="{title}">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n"
        f'<rect class="ground" width="{WIDTH}" height="{top + EDGE}" rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _cheapest_first(rows: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(rows.items(), key=lambda item: float(item[1]["to_open"]["median"]))


def _bar(name: str, ratio: float, scale: float, top: int) -> str:
    length, middle = ratio * scale, top + BAR - 3
    return (
        f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="{CLASSES.get(name, "bar")}" x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        f'<text x="{LEFT + length + 6:.1f}" y="{middle}">{ratio:.2f}</text>'
    )


def _one(scale: float, top: int, bottom: int) -> str:
    """Where the open view ends: only what lies beyond is the price of a token."""
    return (
        f'<line class="line" x1="{LEFT + scale:.1f}" x2="{LEFT + scale:.1f}" y1="{top - 6}" y2="{bottom - GAP + 6}"/>'
    )
