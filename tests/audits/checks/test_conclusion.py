"""A passed check says in one sentence how close it was."""

from audits.checks import Measurement, Report
from audits.checks.sentences import conclusion, spoken_name


def gap(value: float, low: float, high: float) -> Report:
    return Report((Measurement("gap_to_others", value, group="sex/Male", low=low, high=high, ideal=0.0, limit=0.1),))


def test_a_figure_beyond_a_limit_that_lies_in_its_interval_says_so() -> None:
    assert conclusion(gap(0.1138, 0.093, 0.134)) == (
        "Gap to others 0.1138 for sex: Male (95% interval 0.093 to 0.134), limit 0.1, which lies in the interval."
    )
    assert conclusion(gap(0.08, 0.06, 0.134)) == (
        "Gap to others 0.08 for sex: Male (95% interval 0.06 to 0.134), limit 0.1."
    )


def test_names_are_written_as_the_field_writes_them() -> None:
    assert spoken_name("roc_auc") == "ROC AUC"
    assert spoken_name("kolmogorov_smirnov") == "Kolmogorov Smirnov"
    assert spoken_name("impact_ratio") == "impact ratio"
    report = Report((Measurement("roc_auc", 0.75, ideal=1.0, limit=0.7),))
    assert conclusion(report) == "ROC AUC 0.75, limit 0.7."
