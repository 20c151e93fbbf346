"""Organs of metastases of 27 primaries, each predicted from the others, against two null models; the fit to all."""

from __future__ import annotations

from diaspore.inference.fits.tropism import SHARED, SHIPPED
from diaspore.inference.tropism.check import compare
from diaspore.inference.tropism.folds import leave_one_out
from diaspore.inference.tropism.model import errors_pp, fit_tables
from diaspore.inference.tropism.soils import READY, soil_of
from diaspore.inference.tropism.table import load_table
from diaspore.validation.registry import Result

PATIENTS = 4000


def run() -> Result:
    """Errors of the prediction, of the fit, and of the emulator against engine patients."""
    result = Result()
    table = load_table()
    found = leave_one_out(table)
    mae, rmse = errors_pp(found.model, table.observed)
    nulls = {"flow_only": found.flow_only, "other_primaries": found.other_primaries}
    errors = {name: errors_pp(guess, table.observed) for name, guess in nulls.items()}
    result.add("left_out_mae_pp", mae, null={name: error[0] for name, error in errors.items()})
    result.add("left_out_rmse_pp", rmse, null={name: error[1] for name, error in errors.items()})
    for name, error in errors.items():
        result.add(f"margin_{name}_pp", error[0] - mae)
    fits = dict(zip(SHARED, fit_tables(table, tuple(SHARED.values())), strict=True))
    fitted, shipped = fits["rule"], fits[SHIPPED]
    result.add("in_fit_mae_pp", errors_pp(fitted.shares(), table.observed)[0])
    result.add("interactions", len(fitted.terms))
    checks = [compare(cancer, soil_of(shipped, cancer), PATIENTS) for cancer in table.cancers if cancer.name in READY]
    result.add("emulator_mae_pp", max(check.mae_pp for check in checks))
    return result
