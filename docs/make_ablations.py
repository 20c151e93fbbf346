"""Compute the stored runs of the scenes' ablations anew: ``python docs/make_ablations.py [SCENE ...] [--seeds 20]``.

The runs are written beside the scenes, with a hash of the code; then ``python docs/generate.py`` puts them into
docs/scenes.md. Scenes whose runs are of the present code are left alone. With ``--verify`` the first seed of every
ablation is run again; where all numbers are those stored, the hash is renewed, else the scene is computed anew.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from diaspore.core.parallel import available_threads
from diaspore.tissue.ablation import measured_runs
from diaspore.tissue.scenes.scene import SCENES, ReadyScene, scene
from diaspore.tissue.scenes.stored import read_runs, write_runs
from diaspore.validation.ablations import agreement, compared


def unchanged(one: ReadyScene) -> bool:
    """Whether the present code gives the stored numbers of the first seed, to the digits that are stored."""
    if not one.table().is_file():
        return False
    stored, _ = read_runs(one)
    seed = int(stored["seed"].min())
    again = measured_runs(one.spec(), one.ablations, one.measure, [seed], available_threads())
    kept = stored[stored["seed"] == seed].reset_index(drop=True)
    if list(kept.columns) != list(again.columns) or list(kept["ablation"]) != list(again["ablation"]):
        return False
    numbers = [name for name in kept.columns if name not in ("ablation", "seed")]
    return bool(np.allclose(kept[numbers], again[numbers], rtol=1e-9, atol=0.0, equal_nan=True))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="*", default=[], metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--verify", action="store_true", help="renew the hash of runs that come out the same")
    given = parser.parse_args()
    for name in given.scenes or SCENES:
        one = scene(name)
        if one.table().is_file() and read_runs(one)[1] and not given.scenes:
            print(f"{name}: of the present code", flush=True)
            continue
        if given.verify and unchanged(one):
            write_runs(read_runs(one)[0], one.table(), one)
            print(f"{name}: one seed of every ablation is the same", flush=True)
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
