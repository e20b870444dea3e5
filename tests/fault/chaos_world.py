"""What a chaos run builds: many small images, some from existing images and some from Dockerfiles that talk."""

from fault_case import ENABLED, PROLOGUE, WorkshopTest

import chaos
from client import builder

#: Each of these says some thousand lines, in pieces, and takes a moment.
TALK = "RUN seq 1 700; echo -n amid a; echo ' line'; seq 701 1400\nRUN echo {name}; seq 1 300\n"


class ChaosWorld(WorkshopTest):
    config = {**ENABLED, "local": {"concurrentBuilds": 4, "stopGrace": "1s"}, "queue": {"length": 1000}}
    dockerfiles, references = 12, 12

    @classmethod
    def prepare(cls):
        cls.add_repository("many", {f"Dockerfile.{i}": PROLOGUE + TALK.format(name=f"image {i}")
                                    for i in range(cls.dockerfiles)})
        for i in range(cls.references):
            cls.images.push("existing", f"tag-{i}", {"file": str(i).encode()})

    def sources(self):
        refs = [builder.BuildSource(ref=builder.BuildSourceReference(ref=f"{self.registry.address}/existing:tag-{i}"))
                for i in range(self.references)]
        return [self.source("many", f"Dockerfile.{i}") for i in range(self.dockerfiles)] + refs

    def chaos(self, seed, **how):
        return chaos.Chaos(self.service, self.images, self.sources(), seed, **how)
