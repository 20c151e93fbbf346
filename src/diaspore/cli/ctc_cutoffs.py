"""``diaspore ctc cutoffs``: published cut-offs of counts, with their evidence."""

from __future__ import annotations

from typing import Annotated

import typer

from diaspore.cli import options


def cutoffs(
    cancer: Annotated[str | None, typer.Option(help="Only of this cancer.", show_default=False)] = None,
    recalled: Annotated[bool, typer.Option("--recalled", help="With figures that are only recalled.")] = False,
    json: options.Json = False,
) -> None:
    """List cut-offs of counts of circulating tumour cells by cancer and setting, and what was published for them."""
    from diaspore.cli.output import print_json, print_table
    from diaspore.ctc.clinical.cutoffs import cutoffs as known
    from diaspore.ctc.clinical.write import cancer_in_words, evidence_rows

    found = known(cancer, recalled=recalled)
    if json:
        print_json(
            [
                {
                    "cancer": one.cancer, "setting": one.setting, "assay": one.assay, "count": one.count,
                    "volume_ml": one.volume, "source": one.row.source,
                    "evidence": [
                        {
                            "key": row.key, "quantity": row["quantity"], "endpoint": row["endpoint"], "n": row["n"],
                            "value": row.value, "unit": row.unit, "low": row.low, "high": row.high,
                            "source": row.source, "grade": row.grade, "note": row.note,
                        }
                        for row in one.evidence
                    ],
                }
                for one in found
            ]
        )  # fmt: skip
        return
    for one in found:
        title = f"{cancer_in_words(one)}: {one.count} or more in {one.volume:g} mL by CellSearch ({one.row.source})"
        print_table(("quantity", "endpoint", "value", "patients", "source", "note"), evidence_rows(one), title=title)
    print("Most figures were read in abstracts. For research only; not for clinical decisions.")
