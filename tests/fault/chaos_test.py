#!/usr/bin/python3
"""A short chaos run; `soak` has the long ones."""

import os
import random

from chaos_world import ChaosWorld
from fault_case import main


class ChaosTest(ChaosWorld):
    def test_nothing_is_lost_while_everything_breaks(self):
        seed = int(os.environ.get("IB_SEED") or random.SystemRandom().randrange(2 ** 32))
        print(f"seed {seed} (IB_SEED={seed} plans the same again)", flush=True)
        run = self.chaos(seed)
        breaches = run.run(seconds=60)
        print(run.report(), flush=True)
        self.assertEqual([], breaches, f"seed {seed}")


if __name__ == "__main__":
    main()
