"""Parts of the service by themselves (bench_parts): redaction, the log's buffer, the digest cache."""

import json
import statistics
import subprocess

from bench_report import Figure, Point

RATES = {  # benchmark: title, what its argument counts, goal
    "redaction": ("Redaction of log text", "secrets", "ours >= 1"),
    "redaction_with_matches": ("Redaction, a secret in every kilobyte", "secrets", ""),
    "censoring": ("Censoring of log text", "words", "ours >= 1"),
    "log_append": ("Append to a log's buffer", "bytes", ""),
    "log_read": ("Read a log's buffer, 64 KiB at a time", "bytes", ""),
}
TIMES = {
    "log_seek": ("Find a place in a log", "bytes"),
    "cached_digests": ("A lookup from the digest cache", "digests kept"),
    "parse_references": ("Parse a reference", "bytes"),
    "hash_references": ("Hash a reference", "bytes"),
    "run_machines": ("The state machine from the queue to success", "builds"),
}


def medians(results):
    """{(benchmark, argument): median over the repetitions}, by processor time: it does not count the neighbours."""
    values = {}
    for run in results["benchmarks"]:
        if run["run_type"] != "iteration":
            continue
        name, _, argument = run["run_name"].partition("/")
        value = run["bytes_per_second"] / 1e9 if "bytes_per_second" in run else run["cpu_time"]
        values.setdefault((name, int(argument or 0)), []).append(value)
    return {key: statistics.median(found) for key, found in values.items()}


def figures(context):
    done = subprocess.run(
        [context.bin / "bench_parts", "--benchmark_format=json", "--benchmark_repetitions=3",
         "--benchmark_min_time=0.05", "--benchmark_enable_random_interleaving=true"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    values = medians(json.loads(done.stdout))
    copy = values["memory_copy", 0]
    for name, (title, size_name, goal) in RATES.items():
        figure = Figure(f"part_{name}", title, size_name, "GB/s", goal, goal_sizes=[50] if goal else None)
        for (found, argument), value in sorted(values.items()):
            if found == name:
                figure.points.append(Point(argument, value, copy, value / copy))
        yield figure
    for name, (title, size_name) in TIMES.items():
        points = [Point(argument, value) for (found, argument), value in sorted(values.items()) if found == name]
        yield Figure(f"part_{name}", title, size_name, "ns", points=points)
