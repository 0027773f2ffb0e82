"""Bar charts as SVG, written by hand: a log scale, readable in light and dark, no fonts or scripts from elsewhere."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LEFT, RIGHT = 84, 132
TOP, BOTTOM = 52, 44
BAR, GAP = 15, 4
HEADING, BETWEEN = 24, 14
COLOURS = {"nginx": ("#8a929c", "#8b949e"), "bodhi": ("#0b7a75", "#2cc5bd")}
OTHER_COLOURS = (("#b35c00", "#e59a4c"), ("#7a4fb5", "#b494e6"), ("#a33a5b", "#e2839f"))
"""For the light and for the dark page, each with a contrast of at least 3 to its ground."""

STYLE = """\
.ground { fill: #ffffff; } .text { fill: #1f2328; } .faint { fill: #59636e; } .line { stroke: #d1d9e0; }
text { font: 12px system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
.title { font-size: 15px; font-weight: 600; } .heading { font-weight: 600; }"""
DARK_STYLE = """\
.ground { fill: #0d1117; } .text { fill: #f0f6fc; } .faint { fill: #9198a1; } .line { stroke: #3d444d; }"""


@dataclass(frozen=True)
class Bar:
    """One proxy's bar: its length and what is written beside it. Without a value there is only the text."""

    name: str
    value: float | None
    text: str


@dataclass(frozen=True)
class Group:
    """Bars that are compared with one another."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class _Scale:
    """A log scale between two powers of ten."""

    low: int
    high: int

    @classmethod
    def around(cls, values: Sequence[float]) -> "_Scale":
        """Return the scale that holds these values. A bar begins at the lowest power, so that must lie below all."""
        known = [value for value in values if value > 0] or [1.0]
        low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
        low -= math.log10(min(known)) - low < 0.1
        return cls(low, max(high, low + 1))

    def x(self, value: float) -> float:
        """Return where a value lies."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def bar_chart(title: str, unit: str, groups: Sequence[Group]) -> str:
    """Return a chart of groups of horizontal bars on a log scale."""
    scale = _Scale.around([bar.value for group in groups for bar in group.bars if bar.value is not None])
    names = list(dict.fromkeys(bar.name for group in groups for bar in group.bars))
    colours = _colours(names)
    height = TOP + BOTTOM + sum(_height(group) for group in groups)
    light = [f".{name} {{ fill: {colours[name][0]}; }}" for name in names]
    dark = [DARK_STYLE, *(f".{name} {{ fill: {colours[name][1]}; }}" for name in names)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(_description(groups))}</desc>",
            "<style>",
            STYLE,
            *light,
            "@media (prefers-color-scheme: dark) {",
            *dark,
            "}",
            "</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            f'<text class="text title" x="16" y="28">{escape(title)}</text>',
            *_axis(scale, unit, height),
            *_groups(scale, groups),
            "</svg>",
            "",
        ]
    )


def _colours(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    others = [name for name in names if name not in COLOURS]
    return {**COLOURS, **{name: OTHER_COLOURS[turn % len(OTHER_COLOURS)] for turn, name in enumerate(others)}}


def _description(groups: Sequence[Group]) -> str:
    return " ".join(f"{group.title}: {', '.join(f'{bar.name} {bar.text}' for bar in group.bars)}." for group in groups)


def _height(group: Group) -> int:
    return HEADING + len(group.bars) * (BAR + GAP) + BETWEEN


def _axis(scale: _Scale, unit: str, height: int) -> Iterator[str]:
    for power in range(scale.low, scale.high + 1):
        x = scale.x(10.0**power)
        yield f'<line class="line" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - BOTTOM + 4}"/>'
        label = f"{10.0**power:,.{max(0, -power)}f}"
        yield f'<text class="faint" x="{x:.1f}" y="{height - BOTTOM + 20}" text-anchor="middle">{label}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="faint" x="{middle:.1f}" y="{height - 8}" text-anchor="middle">{escape(unit)}, log scale</text>'


def _groups(scale: _Scale, groups: Sequence[Group]) -> Iterator[str]:
    y = TOP
    for group in groups:
        yield f'<text class="text heading" x="16" y="{y + 14}">{escape(group.title)}</text>'
        y += HEADING
        for bar in group.bars:
            yield from _bar(scale, bar, y)
            y += BAR + GAP
        y += BETWEEN


def _bar(scale: _Scale, bar: Bar, y: int) -> Iterator[str]:
    base = y + BAR - 3
    yield f'<text class="faint" x="{LEFT - 8}" y="{base}" text-anchor="end">{escape(bar.name)}</text>'
    end = float(LEFT)
    if bar.value is not None and bar.value > 0:
        end = max(scale.x(bar.value), LEFT + 1.0)
        yield f'<rect class="{bar.name}" x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" rx="2"/>'
    yield f'<text class="text" x="{end + 6:.1f}" y="{base}">{escape(bar.text)}</text>'
