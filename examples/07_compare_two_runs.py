"""Two runs of the same patients: nodal dissection against sampling, with paired differences and a picture.

In the shell: diaspore compare RUN_A RUN_B -o comparison.png

Run: python examples/07_compare_two_runs.py [DIRECTORY]
"""

import sys
import tempfile
from pathlib import Path

import diaspore
from diaspore.cohort import compare_runs
from diaspore.viz import plot_compare

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
spec = {
    "schema_version": 1,
    "kind": "patient",
    "name": "dissection",
    "patients": 3000,
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day", "method": "dissection"}},
}
sampled = spec | {
    "name": "sampling",
    "surgery": {"primary": {"at": "30 day"}, "nodes": {"at": "30 day", "method": "sampling"}},
}
a = diaspore.simulate(spec, seed=5, out=out / "dissection")
b = diaspore.simulate(sampled, seed=5, out=out / "sampling")

table = compare_runs(a, b)
for change in table.attrs["spec_differences"]:
    print(f"{change['field']}: {change['A']} -> {change['B']}")
print(table.round(4).to_string(index=False))
print(plot_compare(a, b, out / "comparison.png"))
