"""Compute the stored runs of the scenes' ablations anew: ``python docs/make_ablations.py [SCENE ...] [--seeds 20]``.

The runs are written beside the scenes, with a hash of the code; then ``python docs/generate.py`` puts them into
docs/scenes.md. Scenes whose runs are of the present code are left alone.
"""

from __future__ import annotations

import argparse
import time

from diaspore.core.parallel import available_threads
from diaspore.tissue.ablation import measured_runs
from diaspore.tissue.scenes.scene import SCENES, scene
from diaspore.tissue.scenes.stored import read_runs, write_runs
from diaspore.validation.ablations import agreement, compared


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", default=[], metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    for name in given.scenes or SCENES:
        one = scene(name)
        if one.table().is_file() and read_runs(one)[1] and not given.scenes:
            print(f"{name}: of the present code", flush=True)
            continue
        begun = time.perf_counter()
        seeds = range(1, given.seeds + 1)
        runs = measured_runs(one.spec(), one.ablations, one.measure, seeds, available_threads())
        one.table().parent.mkdir(exist_ok=True)
        write_runs(runs, one.table(), one)
        agree, scored = agreement([compared(one, runs)])
        print(f"{name}: {agree} of {scored} signs, {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
