"""Write the validation tables of README.md and docs/validation.md: ``python docs/make_validation_table.py [FILE]``.

Without a file the quick cases are run (under five minutes); FILE holds the output of ``diaspore validate --json``.
The README gets one row per case: the number that says most, and how many checks came out. The page gets every check.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

from generate import replaced  # noqa: E402
from generators.markdown import code, table  # noqa: E402

from diaspore.validation.report import closer_nulls, null_counts  # noqa: E402

README = DOCS.parent / "README.md"
PAGE = DOCS / "validation.md"
NAME = "validation"

# Cases that README.md has no row for, so that it stays short; the page has all.
LEFT_OUT = (
    "cell_cycle_times", "markov_chain_identities", "recurrence_time_law", "cell_migration", "anderson_chaplain",
    "ctc_scores", "ctc_statistics", "ctc_posterior_coverage", "colony_size_power_law",
)  # fmt: skip
# The check of a case that its row in the README shows, and its words; other cases show their first check.
SHOWN = {
    "seer_size_metastasis": (
        "breast_beyond_logistic",
        "stage IV by size, five cancers: deviance beyond a logistic curve, breast",
    ),
    "breast_natural_history": (
        "slow_relapse_mean_error_pp",
        "breast: relapse without therapy by nodes and size, mean error in points",
    ),
    "spheroid_2k": ("cells", "tissue: cells of a small spheroid after an hour, beside another simulator"),
    "poiseuille_network": ("share_wide", "vessels: share of flow in the wider branch of a fork"),
    "krogh_cylinder": ("constant_50um", "vessels: oxygen at the surface of a cylinder around a capillary (mmHg)"),
    "anderson_chaplain": ("arrival", "vessels: time in which a tip climbs to the tumour (without units)"),
    "cell_mechanics": ("two_cells", "tissue: distance at rest of two cells (um)"),
    "cell_cycle_times": ("flow_g0g1", "tissue: mean length of a phase over the given one"),
    "cell_migration": ("msd_24h", "tissue: squared displacement of wandering cells after a day over the formula"),
    "tcell_coculture": (
        "rate_from_contacts",
        "tissue: kill rate of T cells, from hours of contact, over the given one",
    ),
    "splitting_estimator": ("walk_30", "rare events: chance of 30 cells by splitting (2.6e-6), over the exact one"),
    "diffusion_decay": ("second_order_time", "tissue: order in time of the second-order diffusion solver"),
    "oxygen_sphere": ("profile_20um", "tissue: oxygen in and around a consuming sphere, largest error over the level"),
    "metaspread_default": ("primary_mesenchymal", "lattice: mesenchymal cells after 17 days, beside a public program"),
    "haptotaxis_invasion": ("ridge_x_t20", "invasion: place of a ridge of cells that climbs the matrix"),
    "invasion_fronts": ("gatenby_d3", "invasion: speed of a tumour that poisons the tissue in its way"),
    "upa_invasion": ("order_t10", "invasion: order of convergence of the urokinase system"),
    "breast_stage_m1": ("rmse_pp", "breast: metastasis at diagnosis by size (SEER), RMSE in points"),
    "breast_spread_by_size": ("rmse_pp", "breast: share that has spread, by size, RMSE in points"),
    "breast_nodes_by_size": ("rotterdam_rmse_pp", "breast: positive nodes by size (Rotterdam), RMSE in points"),
    "breast_relapse": ("rmse_pp", "breast: freedom from recurrence by nodes, 1-10 years, RMSE in points"),
    "breast_sites": ("rmse_pp", "breast: sites of metastases, RMSE in points"),
    "adjuvant_effects": ("tamoxifen_recurrence_5_9", "recurrence in years 5-9 after tamoxifen, rate ratio"),
    "gbsg_prediction": ("c_index", "breast: recurrence or death in a trial (GBSG-2), Harrell's c"),
    "breast_circulation": ("metastatic_share_ge5", "breast: metastatic patients with 5 or more cells per tube, share"),
    "ctc_recovery": ("healthy_ge1", "CellSearch: healthy people with an event in a tube, share"),
    "ctc_body": ("portal_to_arm", "pancreas cancer: found cells, portal over arm vein"),
    "nuclei_bbbc039": ("f1_mean", "images: nuclei of twelve real fields, F1"),
    "seeding_labels": ("independent_of_nodes", "breast: distant metastases not descended from nodes, share"),
    "bone_remodelling": ("event_min_bone_mass", "bone remodelling: least bone mass of an event, %"),
    "filter_flow_icrp89": ("lung_liver", "first-pass arrest in the liver of cells from the lung"),
    "hahnfeldt_control": ("plateau_published_mm3", "limit of Lewis lung tumours, mm³"),
    "iwata_colony_sizes": ("colonies_1500d", "colonies of a liver cancer at 1500 days"),
    "luzzi_cascade": ("simulated_macroscopic", "share of injected cells that grow to a metastasis (an input)"),
    "lymphatic_hmm": ("early_lateral_II", "early tumour, contralateral node level II involved, %"),
    "markov_chain_identities": ("kac_return_time", "return times of a spread chain, relative error"),
    "neuroblastoma_metastasis": ("visible_metastases", "visible metastases of one child"),
    "recurrence_time_law": ("ks_exact_nu_1e-12", "recurrence-time law, largest distance"),
    "renewal_equation": ("breast_N_60d", "mouse breast tumours: metastases at day 60"),
    "szczurek_bottleneck": ("rmse_wrong_r_pp", "metastasis at diagnosis by size, 5 cancers: RMSE, points"),
}


def main(arguments: Sequence[str]) -> int:
    """Rewrite both tables."""
    results = _read(Path(arguments[0])) if arguments else _run()
    for path, content in ((README, short(results)), (PAGE, full(results))):
        path.write_text(replaced(path.read_text(encoding="utf-8"), NAME, content), encoding="utf-8")
        print(path.relative_to(DOCS.parent))
    return 0


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _run() -> list[dict[str, Any]]:
    from diaspore.validation import run_cases

    return list(run_cases("quick"))


def by_case(results: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Results in the order in which they came, by case."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        found.setdefault(result["case"], []).append(result)
    return found


def short(results: Sequence[Mapping[str, Any]]) -> str:
    """One row per case for the README."""
    rows = []
    found = by_case(results)
    order = [*(case for case in SHOWN if case in found), *(case for case in found if case not in SHOWN)]
    order = [case for case in order if case not in LEFT_OUT]
    for case in order:
        checks = found[case]
        shown, words = _shown(case, checks)
        passed = sum(bool(check["pass"]) for check in checks)
        rows.append(
            (
                words,
                _sources(shown["source"]),
                _expected(shown),
                obtained(shown),
                shown["kind"],
                f"{passed} of {len(checks)}",
            )
        )
    text = table(("quantity", "source", "expected", "obtained", "kind", "checks passed"), rows)
    counts = null_counts(results)
    worse, made = (sum(count[k] for count in counts.values()) for k in (0, 1))
    text += f"\n\nA null model is closer to the expectation than the program in {worse} of the {made} checks beside one"
    text += f" ({_by_kind(counts)})."
    by_name = {code(case): null_counts(checks) for case, checks in found.items()}
    lines = [f"{name} {_by_kind(of)}" for name, of in by_name.items() if any(count[0] for count in of.values())]
    if lines:
        text += f" Where: {'; '.join(lines)}."
    curves = [
        check
        for check in results
        if check["expected"] == 0.0 and null_counts([check]) and not check["endpoint"].endswith("deviance of the bin")
    ]
    lost = [f"{code(check['case'])} ({code(check['check'])})" for check in curves if closer_nulls(check)]
    text += f"\n\nOver whole curves (errors, best 0) it is closer in {len(lost)} of {len(curves)}"
    return f"{text}: {', '.join(lost)}." if lost else f"{text}."


def _shown(case: str, checks: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], str]:
    """The check that stands for a case, and its words."""
    name, words = SHOWN.get(case, (checks[0]["check"], checks[0]["endpoint"]))
    return next((check for check in checks if check["check"] == name), checks[0]), words


def _by_kind(counts: Mapping[str, tuple[int, int]]) -> str:
    """How many checks of each kind have a null model that is closer."""
    return ", ".join(f"{worse} of {made} {kind}" for kind, (worse, made) in counts.items())


def full(results: Sequence[Mapping[str, Any]]) -> str:
    """Every check, with a summary by kind in front and the reasons of those that did not pass."""
    kinds = list(dict.fromkeys(check["kind"] for check in results))
    counts = []
    for kind in kinds:
        of_kind = [check for check in results if check["kind"] == kind]
        counts.append((kind, len(of_kind), sum(bool(check["pass"]) for check in of_kind)))
    parts = [
        table(("kind", "checks", "passed"), counts),
        "In brackets stand the numbers of null models: what one gets without the mechanism. Where one of them is "
        "closer to the expected number than the program, on the scale of the check, the verdict names it. Most of them "
        "take their level from the very data, and a constant crosses every curve somewhere, so single points say less "
        "than the errors over a whole curve.",
    ]
    for case, checks in by_case(results).items():
        rows = [
            (
                code(check["check"]),
                check["kind"],
                check["evidence"],
                number(check["expected"]),
                check["tolerance"],
                obtained(check),
                verdict(check),
            )
            for check in checks
        ]
        head = f"### {checks[0]['title']}\n\nCase {code(case)}; source: {checks[0]['source']}."
        columns = ("check", "kind", "expectation", "expected", "tolerance", "obtained", "verdict")
        parts.append(f"{head}\n\n{table(columns, rows)}")
        beside = null_counts(checks)
        if beside:
            parts.append(f"A null model is closer in {_by_kind(beside)} checks.")
        reasons: dict[str, list[str]] = {}
        for check in checks:
            if not check["pass"]:
                # The distance itself can be read off the table; checks of one reason stand together.
                why = re.sub(r"^(?:outside [^;]+|off by [^;]+); ", "", check["reason"])
                reasons.setdefault(why, []).append(code(check["check"]))
        if reasons:
            lines = [f"- {', '.join(names)}: {why}" for why, names in reasons.items()]
            parts.append("Not passed:\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _sources(keys: str) -> str:
    first, *others = keys.split(", ")
    return first if not others else f"{first} and {len(others)} more"


def _expected(check: Mapping[str, Any]) -> str:
    """The expected number; a bound where zero is only what would be best."""
    return check["tolerance"] if check["expected"] == 0.0 else number(check["expected"])


def verdict(check: Mapping[str, Any]) -> str:
    """pass, skipped, or differs; and which null models are closer."""
    word = "pass" if check["pass"] else "skipped" if check["skipped"] else "differs"
    closer = ", ".join(name.replace("_", " ") for name in closer_nulls(check))
    return f"{word}; {closer} closer" if closer else word


def obtained(check: Mapping[str, Any]) -> str:
    """The number obtained, and in brackets what the null models give."""
    value = check["obtained"]
    if not isinstance(value, Mapping):
        return number(value)
    nulls = ", ".join(f"{name.replace('_', ' ')} {number(null)}" for name, null in value["null"].items())
    return f"{number(value['model'])} ({nulls})" if nulls else number(value["model"])


def number(value: float | None) -> str:
    """Four digits, as many as say something."""
    return "–" if value is None else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
