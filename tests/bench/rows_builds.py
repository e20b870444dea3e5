"""Whole builds: against the same commands by hand, and against the bare HTTP requests where an image is only published."""

import gzip
import hashlib
import http.client
import itertools
import json
import re
import statistics
import subprocess
import time

import bench_house
from bench_report import Figure, Point, middle
from by_hand import ByHand, files

# Steps of a build, and how often both ways build it: warm, cold.
STEPS = {1: (7, 9), 2: (7, 8), 4: (7, 7)}
LAYERS = (1, 8, 32)
PUBLICATIONS = 19

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def seconds(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def compare(name, runs, ways, commit_for):
    """Medians of both ways, taken in turns, and the middle of the ratios."""
    took = {way: [] for way in ways}
    for run in range(runs):
        for way in (list(ways) if run % 2 == 0 else list(reversed(ways))):
            commit = commit_for(way, run)
            took[way].append(seconds(lambda: ways[way](commit, f"{name}-{run}")))
    mine, hand = took["service"], took["hand"]
    return (statistics.median(mine) * 1000, statistics.median(hand) * 1000,
            middle(a / b for a, b in zip(mine, hand)))


def against_hands(context):
    warm = Figure("build_warm", "A build with every layer cached, against git, buildah and push by hand", "steps", "ms",
                  "ratio <= 1.05")
    cold = Figure("build_cold", "A build with no layer cached, against git, buildah and push by hand", "steps", "ms",
                  "ratio <= 1.05")
    with bench_house.House(context.bin, {}) as house:
        stamps = itertools.count()
        hand = None
        for steps, often in STEPS.items():
            warm_runs, cold_runs = (3, 3) if context.quick else often

            def new_commit(*_):
                return house.commit(files(steps, next(stamps)))

            same = new_commit()
            house.build(same, f"first-{steps}")  # also waits until the service knows how it isolates
            hand = hand or ByHand(house)
            hand.build(same, f"first-{steps}")
            ways = {"service": house.build, "hand": hand.build}
            warm.points.append(Point(steps, *compare(f"warm-{steps}", warm_runs, ways, lambda *_: same)))
            cold.points.append(Point(steps, *compare(f"cold-{steps}", cold_runs, ways, new_commit)))
    yield warm
    yield cold


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Wire:
    """One connection to the registry."""

    def __init__(self, port):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, wanted, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(method, path, body, names)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != wanted:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:200]}")
        return answer.headers, content

    def put_blob(self, repository, content):
        headers, _ = self.ask("POST", f"/v2/{repository}/blobs/uploads/", 202)
        path = "/v2/" + headers["Location"].partition("/v2/")[2]
        mark = "&" if "?" in path else "?"
        self.ask("PUT", f"{path}{mark}digest={digest_of(content)}", 201, content,
                 Content_Type="application/octet-stream")
        return {"digest": digest_of(content), "size": len(content)}

    def push(self, repository, tag, layers, number):
        """An image that no other number has, of layers that all of them share."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"number": str(number)}},
                             "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}}).encode()
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self.put_blob(repository, config)},
            "layers": [{"mediaType": LAYER, **layer} for layer in layers]}).encode()
        self.ask("PUT", f"/v2/{repository}/manifests/{tag}", 201, manifest, Content_Type=MANIFEST)
        return manifest

    def publish(self, source, tag, target):
        """What a publication has to ask: is it there, what is it, mount, put, is it there."""
        self.ask("HEAD", f"/v2/{source}/manifests/{tag}", 200, Accept=MANIFEST)
        self.ask("HEAD", f"/v2/{target}/manifests/{tag}", 404, Accept=MANIFEST)
        _, manifest = self.ask("GET", f"/v2/{source}/manifests/{tag}", 200, Accept=MANIFEST)
        named = json.loads(manifest)
        for blob in [named["config"], *named["layers"]]:
            self.ask("POST", f"/v2/{target}/blobs/uploads/?mount={blob['digest']}&from={source}", 201, Content_Length="0")
        self.ask("PUT", f"/v2/{target}/manifests/{tag}", 201, manifest, Content_Type=MANIFEST)
        self.ask("HEAD", f"/v2/{target}/manifests/{tag}", 200, Accept=MANIFEST)


def publications(context):
    figure = Figure("publish", "Publishing a ref source, against the bare HTTP requests on one connection", "layers", "ms",
                    "ratio <= 1.5")
    with bench_house.House(context.bin, {}) as house:
        house.wait_until_able()
        wire = Wire(house.registry_port)
        for count in LAYERS:
            repository = f"source-{count}"
            layers = [wire.put_blob(repository, gzip.compress(f"layer {i} of {count}".encode() * 100, mtime=0))
                      for i in range(count)]
            mine, bare = [], []
            for number in range(PUBLICATIONS + 1):
                tag = f"t{number}"
                wire.push(repository, tag, layers, number)
                ref = f"localhost:{house.registry_port}/{repository}:{tag}"
                mine.append(seconds(lambda: house.finish(house.pb.BuildRequest(
                    source=house.pb.BuildSource(ref=house.pb.BuildSourceReference(ref=ref)), triggered_by="bench"))))
                bare.append(seconds(lambda: wire.publish(repository, tag, f"bare-{count}")))
            del mine[0], bare[0]  # connections were made, blobs were mounted for the first time
            figure.points.append(Point(count, statistics.median(mine) * 1000, statistics.median(bare) * 1000,
                                       middle(a / b for a, b in zip(mine, bare))))
    yield figure


def lookups(context):
    """What bench_registry prints."""
    figure = Figure("registry", "Registry lookups, 64 in flight, against a bare libcurl loop", "lookups", "lookups/s",
                    "ratio >= 0.8")
    text = subprocess.run([context.bin / "bench_registry"], check=True, capture_output=True, text=True).stdout
    for count, bare, ours, ratio in re.findall(
            r"(\d+) distinct lookups.*bare libcurl (\d+)/s, registry client (\d+)/s, ratio ([\d.]+)", text):
        figure.points.append(Point(int(count), float(ours), float(bare), float(ratio)))
    return figure


def figures(context):
    yield lookups(context)
    yield from publications(context)
    yield from against_hands(context)
