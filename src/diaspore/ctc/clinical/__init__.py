"""Series of counts of circulating tumour cells: intervals, cut-offs with their evidence, tests of change, reports."""

from diaspore.ctc.clinical.change import Change, compare_counts
from diaspore.ctc.clinical.counts import Visit, read_counts
from diaspore.ctc.clinical.cutoffs import Cutoff, cutoff, cutoffs
from diaspore.ctc.clinical.poisson import GammaPosterior, Posterior, exact_interval, gamma_posterior
from diaspore.ctc.clinical.report import Report, report_counts
from diaspore.ctc.clinical.write import write_report

__all__ = [
    "Change",
    "Cutoff",
    "GammaPosterior",
    "Posterior",
    "Report",
    "Visit",
    "compare_counts",
    "cutoff",
    "cutoffs",
    "exact_interval",
    "gamma_posterior",
    "read_counts",
    "report_counts",
    "write_report",
]
