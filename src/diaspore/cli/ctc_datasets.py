"""``diaspore ctc datasets``: public series of profiles of circulating tumour cells."""

from __future__ import annotations

from diaspore.cli import options


def datasets(json: options.Json = False) -> None:
    """List public series of profiles: where to download them, and in which form they come. Nothing is fetched."""
    from dataclasses import asdict

    from diaspore.cli.output import print_json, print_table
    from diaspore.knowledge.profiles import series

    if json:
        print_json([asdict(one) for one in series()])
        return
    rows = [(one.accession, one.cancer, one.what, one.format, one.shape or "not known", one.status) for one in series()]
    print_table(("accession", "cancer", "what", "files", "read as", "entry"), rows)
    print("Pages: https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=ACCESSION. Terms are those of the submitters.")
