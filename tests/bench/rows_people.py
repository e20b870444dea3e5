"""What `build_times` has measured last: a build from nothing and all tests take longer than all other rows."""

import dataclasses
import json

import bench_house
from bench_report import Figure, Point

PLACE = bench_house.SOURCE / "build" / "build_times.json"


def kept():
    """{figure's key: what `keep` wrote of it}."""
    return json.loads(PLACE.read_text(encoding="utf-8")) if PLACE.exists() else {}


def keep(figures, day):
    """In place of those of the same kind that were measured before."""
    rows = kept()
    for figure in figures:
        for point in figure.points:
            point.note = ", ".join(filter(None, [point.note, day]))
        rows[figure.key] = dataclasses.asdict(figure)
    PLACE.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def figures(_):
    for row in kept().values():
        yield Figure(**{**row, "points": [Point(**point) for point in row["points"]]})
