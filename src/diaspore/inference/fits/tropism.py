"""Soil by organ for 27 primaries, fitted to MSK-MET: the rule, fixed before any result was seen.

**Data.** MSK-MET (nguyen2022): patients with a site at any time among metastatic patients, 27 primaries, 20 anatomical
sites. Left out: "Unspecified", the organ of the primary itself, organs that a sex does not have (``tropism.cancers``).

**Model.** Founders of metastatic patient i of primary p at site j are Poisson with mean M_i u_pj; M_i is log-normal
between patients with the log-sd sigma that the engine shows. The share of patients with the site is

    P_pj = f_pj H(u_pj) / H(sum of u_p),    H(u) = 1 - E exp(-u M),

where f_pj is the share of patients who have the organ, and

    ln u_pj = beta ln flow_pj + m + a_p + s_j + (at most 25 interactions).

``flow`` are arrivals of shed cells by blood from the organ of the primary, plus those through the thoracic duct and from
nodes with the weight lambda that the engine shows. sigma and lambda come from engine runs with imaging, follow-up and
survival simulated (``tropism.check``), not from the data. Interactions are class x site (classes of ``tropism.cancers``),
one term for contact, or primary x site; every one of them counts among the 25.

**Likelihood.** Beta-binomial counts with one overdispersion for all cells. Ridge priors (assumed): ln s_j normal with
sd 3, a_p sd 1, interactions sd 1, beta normal around 1 with sd 0.5, m flat.

**Choice of interactions**, on the primaries that a fit may see: (1) class x site terms and contact, added one at a time:
the one that most lowers the mean absolute error of leaving out one of the seen primaries, until the gain is below 0.02
points; a class needs two seen members and two others with that cell; (2) primary x site terms up to 25 in all: the
largest gain in penalised weighted least squares. The same rule inside every fold.

**Score.** Leave one primary out: 27 folds; mean absolute error and root mean square error over all cells that count,
each cell with the same weight, in percentage points. The left-out primary has a_p such that its expected number of sites
is that of the other primaries. Nulls with the same cells and number of sites: (a) flow only, no soil, beta = 1; (b) mean
of the other primaries, site by site (share among those who have the organ).

**Tolerances.** Leave-one-out error below both nulls; at most 8 points wanted. Error in fit at most 5 points. Emulator
against the engine at most 2 points on average for each of at least five primaries.
"""
