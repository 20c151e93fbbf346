"""Pictures of Boolean networks: probabilities over time, phenotypes at the end, mutants, and who acts on whom."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from diaspore.core.runstore import Run
from diaspore.networks.boolean.influence import influences
from diaspore.networks.boolean.mutants import Screen
from diaspore.networks.boolean.spec import BooleanNetworkSpec
from diaspore.viz import style

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C2D04", "#6b7178")
MOST_CURVES, MOST_BARS, MOST_MUTANTS = 8, 12, 40


def _subtitle(run: Run) -> str:
    summary, spec = run.summary, run.spec
    updating = spec.get("updating", "continuous")
    words = {"continuous": "continuous time", "discrete": "one flip a tick"}.get(updating, f"{updating} steps")
    return f"{summary['nodes']} nodes · {summary['trajectories']:,} trajectories · {words}"


@style.styled
def trajectories(run: Run) -> Figure:
    """Probability of the outputs (or of the nodes that change most) over time."""
    table, spec = run.table("nodes"), run.spec
    names = list(spec.get("outputs") or ())
    if not names:
        nodes = [name for name in table.columns if name not in ("begin", "end")]
        names = sorted(nodes, key=lambda name: (-float(np.ptp(table[name].to_numpy())), nodes.index(name)))
    names = names[:MOST_CURVES]
    figure = style.new_figure(7.4, 4.6)
    style.heading(figure, run.manifest["name"], _subtitle(run))
    axes = style.inch_axes(figure, 0.8, 0.75, 1.9, 1.0)
    middle = 0.5 * (table["begin"] + table["end"])
    seen: list[np.ndarray] = []
    for name, colour in zip(names, COLOURS, strict=False):
        values = table[name].to_numpy()
        # Curves that lie on each other (a node and the one that only copies it) are told apart by their dashes.
        same = sum(bool(np.abs(values - other).max() < 0.01) for other in seen)
        seen.append(values)
        axes.plot(middle, values, color=colour, linewidth=1.7, linestyle=["-", "--", ":", "-."][same % 4], label=name)
    axes.set_ylim(0.0, 1.02)
    axes.set_xlim(0.0, float(table["end"].iloc[-1]))
    axes.set_xlabel("time (in units of the rates)" if spec.get("updating", "continuous") == "continuous" else "steps")
    axes.set_ylabel("probability of being on")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
    return figure


@style.styled
def phenotypes(run: Run) -> Figure:
    """Combinations of the outputs in the last window, with their standard errors."""
    table = run.table("phenotypes")
    figure = style.new_figure(7.4, 4.6)
    style.heading(figure, f"{run.manifest['name']}: phenotypes at the end", _subtitle(run))
    if not len(table):
        style.empty_note(style.inch_axes(figure, 0.8, 0.75, 0.4, 1.0), "the file names no outputs")
        return figure
    last = table[table["end"] == table["end"].max()].sort_values("probability", ascending=False)
    last = last[last["probability"] > 0.0]
    left_out = float(last["probability"].iloc[MOST_BARS:].sum())
    last = last.head(MOST_BARS)
    names = [name.replace("<nil>", "none of them").replace(" -- ", " + ") for name in last["phenotype"]]
    if left_out > 0.0:
        names.append("all others")
    values = np.append(last["probability"].to_numpy(), [left_out] if left_out > 0.0 else [])
    errors = np.append(last["standard_error"].to_numpy(), [0.0] if left_out > 0.0 else [])
    names = [textwrap.fill(name, 44, max_lines=2, placeholder=" …") for name in names]
    longest = max(len(line) for name in names for line in name.splitlines())
    axes = style.inch_axes(figure, min(3.6, 0.35 + 0.068 * longest), 0.75, 0.6, 1.0)
    place = np.arange(len(names))
    axes.barh(
        place, values, xerr=errors, color=style.PRIMARY, height=0.66, error_kw={"elinewidth": 1.0, "ecolor": style.INK}
    )
    for k, value in enumerate(values):
        axes.text(value + errors[k] + 0.012, k, style.percent(float(value)), va="center", fontsize=9)
    axes.set_yticks(place, names)
    axes.invert_yaxis()
    axes.set_xlim(0.0, min(1.12, float(values.max()) * 1.15 + 0.05))
    axes.set_xlabel("probability (bars: standard error)")
    axes.grid(axis="y", visible=False)
    return figure


@style.styled
def mutant_map(found: Screen, name: str) -> Figure:
    """Change of each output by the mutants that change most, against the network as given."""
    change = found.probability - found.probability[0]
    size = np.abs(change).max(axis=1)
    order = np.argsort(-size[1:], kind="stable")[:MOST_MUTANTS] + 1
    order = order[np.argsort([-change[k].sum() for k in order], kind="stable")]
    rows = [0, *order]
    height = 2.6 + 0.19 * len(rows)
    labels = [found.name(int(k)) for k in rows]
    left = 0.4 + 0.072 * max(map(len, labels))
    width = max(6.6, left + 0.62 * len(found.outputs) + 2.0)
    figure = style.new_figure(width, height)
    total = len(found.mutants) - 1
    words = f"probability at the end, {found.trajectories:,} trajectories each"
    if total > len(order):
        words += f" · the strongest {len(order)} of {total:,}"
    style.heading(figure, f"{name}: mutants", words)
    axes = style.inch_axes(figure, left, 0.95, 0.85, 1.75)
    image = axes.imshow(change[rows], cmap="RdBu_r", norm=Normalize(-1.0, 1.0), aspect="auto")
    for i, k in enumerate(rows):
        for j in range(len(found.outputs)):
            axes.text(
                j, i, f"{found.probability[k, j]:.2f}", ha="center", va="center", fontsize=7.5,
                color="white" if abs(change[k, j]) > 0.6 else style.INK,
            )  # fmt: skip
    axes.set_xticks(range(len(found.outputs)), found.outputs, rotation=35, ha="left", rotation_mode="anchor")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    bar = figure.add_axes((left / width, 0.55 / height, min(2.4, width - left - 0.5) / width, 0.12 / height))
    colours = figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-1, 0, 1])
    colours.set_label("change by the mutation", fontsize=8.5, labelpad=1)
    return figure


@style.styled
def influence_graph(spec: BooleanNetworkSpec) -> Figure:
    """Who acts on whom: blue arrows raise, red bars lower, grey depends; inputs and outputs stand out."""
    found = [one for one in influences(spec) if one.sign is not None]
    names = list(spec.nodes)
    place = _layout(names, [(one.source, one.target) for one in found])
    size = 5.2 + 0.085 * len(names)
    figure = style.new_figure(size + 1.2, size)
    words = f"{len(names)} nodes, {sum(one.source != one.target for one in found)} influences"
    style.heading(figure, f"{spec.name}: who acts on whom", words)
    axes = style.inch_axes(figure, 0.3, 0.75, 0.3, 0.95)
    axes.set_axis_off()
    styles = {1: ("#0072B2", "-|>"), -1: ("#D55E00", "|-|,widthA=0,widthB=3"), 0: (style.MUTED, "-")}
    for one in found:
        if one.source == one.target:
            continue
        colour, arrow = styles[one.sign or 0]
        patch = FancyArrowPatch(place[one.source], place[one.target], arrowstyle=arrow, color=colour, linewidth=0.9)
        patch.set(alpha=0.6, mutation_scale=9 if one.sign == 1 else 1, connectionstyle="arc3,rad=0.12")
        # Names are written in boxes: what ends at their middle would be hidden.
        patch.shrinkA, patch.shrinkB = 12.0, 12.0 + 1.2 * max(0, len(one.target) - 4)
        axes.add_patch(patch)
    inputs, outputs = set(spec.inputs), set(spec.outputs)
    for name in names:
        colour = "#FBE3B9" if name in inputs else ("#CFE8DC" if name in outputs else "white")
        axes.annotate(
            name, place[name], ha="center", va="center", fontsize=7.5 if len(names) < 80 else 5.5,
            bbox={"boxstyle": "round,pad=0.28", "facecolor": colour, "edgecolor": style.MUTED, "linewidth": 0.7},
        )  # fmt: skip
    points = np.array(list(place.values()))
    low, high = points.min(axis=0), points.max(axis=0)
    pad = 0.07 * (high - low) + 1e-6
    axes.set_xlim(low[0] - pad[0], high[0] + pad[0])
    axes.set_ylim(low[1] - pad[1], high[1] + pad[1])
    box: dict[str, Any] = {"marker": "s", "linestyle": "", "markersize": 8, "markeredgecolor": style.MUTED}
    handles = [Line2D([], [], color=colour, label=label) for colour, label in zip(
        ("#0072B2", "#D55E00", style.MUTED), ("raises", "lowers", "either, by what else is on"), strict=True
    )]  # fmt: skip
    handles += [Line2D([], [], markerfacecolor=colour, label=label, **box) for colour, label in (
        ("#FBE3B9", "input"), ("#CFE8DC", "output")
    )]  # fmt: skip
    figure.legend(handles=handles, loc="lower center", ncols=5, bbox_to_anchor=(0.5, 0.03))
    return figure


def _layout(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Places of the nodes: springs along the influences, all others push each other away; the same every time."""
    index = {name: k for k, name in enumerate(names)}
    count = len(names)
    angle = 2.0 * np.pi * np.arange(count) / max(count, 1)
    place = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt(count)
    pairs = np.array([(index[a], index[b]) for a, b in edges if a != b], dtype=int).reshape(-1, 2)
    step = 0.3 * np.sqrt(count)
    for _ in range(400):
        apart = place[:, None] - place[None, :]
        distance = np.sqrt((apart**2).sum(axis=2)) + 1e-9
        push = (apart / distance[..., None] ** 2).sum(axis=1) * 1.2
        pull = np.zeros_like(place)
        if len(pairs):
            along = place[pairs[:, 1]] - place[pairs[:, 0]]
            force = along * (np.sqrt((along**2).sum(axis=1)) / 3.0)[:, None] * 0.25
            np.add.at(pull, pairs[:, 0], force)
            np.add.at(pull, pairs[:, 1], -force)
        move = push + pull - 0.05 * place
        length = np.sqrt((move**2).sum(axis=1, keepdims=True)) + 1e-12
        place = place + move / length * np.minimum(length, step)
        step *= 0.985
    place[:, 0] *= 1.35
    return {name: (float(place[k, 0]), float(place[k, 1])) for name, k in index.items()}
