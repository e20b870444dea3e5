"""What was measured: figures with points at several sizes, as a Markdown table, JSON, and one SVG plot for each figure."""

import dataclasses
import datetime
import html
import json
import math
import os
import platform
import statistics


def middle(values):
    """The mean of the middle half: as deaf as the median to what lies far out, and steadier."""
    values = sorted(values)
    outer = round(len(values) / 4)
    return statistics.mean(values[outer:len(values) - outer])


@dataclasses.dataclass
class Point:
    """One size of one figure. `limit` and `ratio` are None where nothing bare does the same."""

    size: float
    ours: float
    limit: float | None = None
    ratio: float | None = None
    note: str = ""


@dataclasses.dataclass
class Figure:
    """`goal`: "ratio >= 0.95", "ours <= 50", or empty where the issue gives none. `goal_sizes`: the sizes that the
    goal is about; None for all."""

    key: str
    title: str
    size_name: str
    unit: str
    goal: str = ""
    goal_sizes: list | None = None
    points: list = dataclasses.field(default_factory=list)

    def reached(self, point):
        """None where there is no goal for this point."""
        if not self.goal or (self.goal_sizes is not None and point.size not in self.goal_sizes):
            return None
        what, sign, bound = self.goal.split()
        value = point.ratio if what == "ratio" else point.ours
        if value is None:
            return None
        return value >= float(bound) if sign == ">=" else value <= float(bound)

    def slope(self):
        """The exponent k of "value grows with size^k", by least squares over the logarithms; None for one size."""
        pairs = [(math.log(p.size), math.log(p.ours)) for p in self.points if p.size > 0 and p.ours > 0]
        if len({x for x, _ in pairs}) < 2:
            return None
        return statistics.linear_regression(*zip(*pairs)).slope


def missed(figures):
    """The titles of figures with a point that misses its goal."""
    return [f.title for f in figures if any(f.reached(p) is False for p in f.points)]


def number(value):
    if value is None:
        return "–"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def table(figures):
    lines = ["| Figure | Size | Service | Limit | Ratio | Goal | Reached |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        for point in figure.points:
            reached = figure.reached(point)
            words = {None: "", True: "yes", False: "**no**"}[reached]
            note = f" ({point.note})" if point.note else ""
            lines.append(f"| {figure.title}{note} | {number(point.size)} {figure.size_name} "
                         f"| {number(point.ours)} {figure.unit} | {number(point.limit)} "
                         f"| {'–' if point.ratio is None else f'{point.ratio:.2f}'} "
                         f"| {figure.goal if reached is not None else ''} | {words} |")
    return "\n".join(lines) + "\n"


# --- plots ---

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 340, 80, 20, 44, 56


class Axis:
    """A logarithmic axis from pixel `begin` to pixel `end`."""

    def __init__(self, values, begin, end):
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.08 * (high - low), 0.08)
        self.low, self.high, self.begin, self.end = low - margin, high + margin, begin, end

    def at(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self):
        """As many round numbers of each decade as there is room for."""
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        for steps in ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 2, 3, 5, 7), (1, 2, 5), (1,)):
            ticks = [step * 10.0 ** decade for decade in decades for step in steps]
            ticks = [t for t in ticks if self.low <= math.log10(t) <= self.high]
            if len(ticks) <= 7:
                break
        return ticks


def line(axes, points, colour, name, dashed=False):
    x, y = axes
    places = [(x.at(size), y.at(value)) for size, value in points]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>']
    parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"><title>{name}: {number(v)}</title></circle>'
              for (a, b), (_, v) in zip(places, points)]
    return parts


def svg(figure):
    """A plot with both axes logarithmic, in which a cost that grows with the work is a straight line of slope 1."""
    ours = [(p.size, p.ours) for p in figure.points if p.size > 0 and p.ours > 0]
    limit = [(p.size, p.limit) for p in figure.points if p.limit and p.size > 0]
    x = Axis([size for size, _ in ours], LEFT, WIDTH - RIGHT)
    y = Axis([value for _, value in ours + limit], HEIGHT - BOTTOM, TOP)
    text = 'font-family="sans-serif" font-size="12" fill="#333"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="18" {text} font-weight="bold">{html.escape(figure.title)}</text>']
    for tick in x.ticks():
        a = x.at(tick)
        parts += [f'<line x1="{a:.1f}" y1="{TOP}" x2="{a:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#ddd"/>',
                  f'<text x="{a:.1f}" y="{HEIGHT - BOTTOM + 16}" {text} text-anchor="middle">{number(tick)}</text>']
    for tick in y.ticks():
        b = y.at(tick)
        parts += [f'<line x1="{LEFT}" y1="{b:.1f}" x2="{WIDTH - RIGHT}" y2="{b:.1f}" stroke="#ddd"/>',
                  f'<text x="{LEFT - 6}" y="{b + 4:.1f}" {text} text-anchor="end">{number(tick)}</text>']
    slope = figure.slope()
    grows = "" if slope is None else f", grows with size^{slope:.2f}"
    parts += [f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 16}" {text} text-anchor="middle">'
              f'{html.escape(figure.size_name)}</text>',
              f'<text x="{LEFT}" y="36" {text}><tspan fill="#1f6feb">service</tspan>{grows}'
              + ('; <tspan fill="#c2571a">limit</tspan>' if limit else "") + f'; {html.escape(figure.unit)}</text>']
    if limit:
        parts += line((x, y), limit, "#c2571a", "limit", dashed=True)
    parts += line((x, y), ours, "#1f6feb", "service")
    return "\n".join(parts + ["</svg>\n"])


# --- files ---

def machine():
    model = next((row.split(":", 1)[1].strip() for row in open("/proc/cpuinfo", encoding="utf-8")
                  if row.startswith("model name")), platform.machine())
    return (f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores ({model}), Linux {platform.release()}, "
            f"load before the run {os.getloadavg()[0]:.1f}")


def write(folder, figures, header):
    """results.json, table.md and a plot for each figure that has several sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    plots = []
    for figure in figures:
        if len([p for p in figure.points if p.size > 0 and p.ours > 0]) > 1:
            (folder / f"{figure.key}.svg").write_text(svg(figure), encoding="utf-8")
            plots.append(f"![{figure.title}]({figure.key}.svg)\n")
    (folder / "table.md").write_text(f"{header}\n\n{table(figures)}\n" + "\n".join(plots), encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(
        {"header": header, "figures": [{**dataclasses.asdict(f), "slope": f.slope(),
                                        "reached": [f.reached(p) for p in f.points]} for f in figures]}, indent=1),
        encoding="utf-8")
