"""Do the answers of a model stand when cells are missing or numbers are a little off?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Literal

from audits.checks import CannotMeasure, Disturbances, Report, Severity, check
from audits.checks.figures import Figure, held
from audits.checks.library.against_live import newcombe
from audits.checks.parameters import Amount, Count, DecideOnEvidence, Share
from audits.checks.sentences import some
from audits.checks.statistics.disturbances import Answers
from audits.checks.statistics.intervals import two_sided, wilson

_NAME = "performance.robustness"


@check(_NAME, version=1, needs=Disturbances)
def robustness(
    disturbances: Disturbances,
    *,
    at: Literal["0.05", "0.1", "0.2"] = "0.1",
    max_blank_loss: Amount | None = 0.05,
    max_noise_loss: Amount | None = 0.05,
    max_feature_loss: Amount | None = None,
    max_changed: Share | None = None,
    min_rows: Count = 100,
    decide_on: DecideOnEvidence = "estimate",
) -> Report:
    """Growth of the loss, and decisions that change, when feature cells are blank or numbers have noise.

    The model is run in a locked process over at most 2,000 rows, drawn with a seed from the digests: as they are, with
    5, 10 and 20 % of all cells blank, with normal noise of 0.05, 0.1 and 0.2 standard deviations of each column of
    numbers, and with one feature blank throughout. Whole numbers stay whole, noise stays within the range of the
    sample, and texts and codes of two values have none. The loss of a row is 1 for a wrong decision and the absolute
    error of a number. A classifier decides for class 1 from a score of 0.5, or of 0 where scores are no probabilities.
    What a model does with a blank cell is its own affair; one that gives no answer leaves the check inconclusive.
    Which rows are drawn and how they are disturbed depends on what they hold, not on where they stand. Every row counts
    once, and disturbances of other strengths are not looked at.

    Parameters
    ----------
    disturbances : Disturbances
        Answers to the same rows as they are and disturbed.
    at : {"0.05", "0.1", "0.2"}, default="0.1"
        The share of blank cells, and the standard deviations of the noise, that are held against the limits.
    max_blank_loss : float, at least 0, or None, default=0.05
        A larger growth of the mean loss with blank cells becomes a finding; None sets no limit.
    max_noise_loss : float, at least 0, or None, default=0.05
        A larger growth of the mean loss with noise becomes a finding; None sets no limit.
    max_feature_loss : float, at least 0, or None, default=None
        A larger growth of the mean loss without one of the features becomes a finding; None sets no limit.
    max_changed : float in [0, 1] or None, default=None
        A larger share of decisions that change, by blank cells or by noise, becomes a finding; None sets no limit.
    min_rows : int, default=100
        Fewest rows that the model was asked for.
    decide_on : {"estimate", "lower", "upper", "interval"}, default="estimate"
        Which end of the 95 % interval is held against the limits; with "interval" a limit inside it is
        inconclusive.

    Formula
    -------
    mean loss of the disturbed rows less that of the rows as they are

    Measures
    --------
    loss : float, at least 0, unit 1 or of the label, ideal 0, of the rows as they are.
    loss_growth : float, unit 1 or of the label, ideal 0, by disturbance; Newcombe's interval for paired shares, or
        the normal one for a regression.
    changed_decisions : float in [0, 1], unit 1, ideal 0, by disturbance, of a classifier, with Wilson's interval.
    score_change : float, at least 0, unit of the score, ideal 0, by disturbance; the mean absolute change.

    Cannot measure
    --------------
    No model, one that cannot be opened or run here, too few rows, a limit on the loss without labels, or a model that
    gives no answer to the disturbed rows that have a limit.

    Source
    ------
    Hendrycks, Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR,
    section 4.2; Newcombe (1998), doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C.

    Example
    -------
    | income (feature) | age (feature) | repaid (label) | rows |
    |---|---|---|---|
    | 10 | 20 | 0 | 5 |
    | 10 | 40 | 1 | 1 |
    | 30 | 40 | 1 | 3 |
    | 30 | 60 | 0 | 1 |

    With `model="income > 20"`, which is false for a blank cell:

    - `loss`: (1 + 1) / 10 = 0.2
    - `loss_growth` of feature/income: all are refused, (1 + 3) / 10 - 2/10 = 0.2
    - `changed_decisions` of feature/income: (3 + 1) / 10 = 0.4
    - `score_change` of feature/income: from 1 to 0 in 4 of 10 rows = 0.4
    - `loss_growth` of feature/age: nobody asks for it = 0
    - `changed_decisions` of noise/0.1: income is a code of two values and has no noise = 0
    """
    if disturbances.n_rows < min_rows:
        raise CannotMeasure(f"The model was asked for {disturbances.n_rows} rows, {min_rows} are needed.")
    figures, obstacles = [], []
    if disturbances.loss is not None:
        loss, unit = disturbances.loss / disturbances.n_rows, _unit(disturbances)
        figures.append(Figure("loss", loss, n=disturbances.n_rows, ideal=0.0, unit=unit))
    limits = {f"blank/{at}": max_blank_loss, f"noise/{at}": max_noise_loss}
    limits |= {f"feature/{name}": max_feature_loss for name in disturbances.features}
    changes = {f"blank/{at}": max_changed, f"noise/{at}": max_changed}
    silent: dict[str, list[str]] = {}
    for group, answers in _all(disturbances):
        loss_limit, changed_limit = limits.get(group), changes.get(group)
        if answers.refused:
            if loss_limit is not None or changed_limit is not None:
                silent.setdefault(answers.refused, []).append(group)
            continue
        figures += _figures(disturbances, answers, group, loss_limit, changed_limit)
    obstacles += [f"No answer for {some(groups)}: {why}" for why, groups in silent.items()]
    if disturbances.loss is None and any(limit is not None for limit in limits.values()):
        obstacles.append("The table declares no label, so that no loss can be held against a limit.")
    notes = (
        f"The model was asked for {disturbances.n_rows:,} of {disturbances.rows_present:,} rows, drawn with the seed "
        f"{disturbances.seed}.",
    )
    return held(_NAME, figures, severity=Severity.MEDIUM, decide_on=decide_on, notes=notes, obstacles=obstacles)


def _all(disturbances: Disturbances) -> Iterator[tuple[str, Answers]]:
    kinds: Mapping[str, Mapping[str, Answers]] = {
        "blank": disturbances.blank,
        "noise": disturbances.noise,
        "feature": disturbances.features,
    }
    return ((f"{kind}/{name}", answers) for kind, by_name in kinds.items() for name, answers in sorted(by_name.items()))


def _figures(
    disturbances: Disturbances, answers: Answers, group: str, loss_limit: float | None, changed_limit: float | None
) -> list[Figure]:
    n = disturbances.n_rows
    figures = []
    if disturbances.loss is not None:
        growth, low, high = _growth(disturbances, answers)
        unit = _unit(disturbances)
        figures.append(Figure("loss_growth", growth, low, high, n, loss_limit, ideal=0.0, group=group, unit=unit))
    if disturbances.threshold is not None:
        share = Fraction(answers.changed, n)
        interval = wilson(answers.changed, n)
        figures.append(Figure("changed_decisions", share, *interval, n, changed_limit, ideal=0.0, group=group))
    figures.append(Figure("score_change", answers.moved, n=n, ideal=0.0, group=group, unit="of the score"))
    return figures


def _growth(disturbances: Disturbances, answers: Answers) -> tuple[Fraction | float, float, float]:
    n, loss = disturbances.n_rows, disturbances.loss or 0.0
    if disturbances.threshold is None:
        mean = answers.increase / n
        variance = max(answers.increase_2 / n - mean**2, 0.0) / max(n - 1, 1)
        reach = two_sided() * math.sqrt(variance)
        return mean, mean - reach, mean + reach
    wrong = int(loss)
    low, high = newcombe(wrong - answers.mended, answers.mended, answers.broken, n - wrong - answers.broken)
    return Fraction(answers.broken - answers.mended, n), low, high


def _unit(disturbances: Disturbances) -> str:
    return "of the label" if disturbances.threshold is None else "1"
