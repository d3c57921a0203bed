"""What do the numbers of a table say? Checks, their catalogue, and the engine that runs them."""

from audits.checks.base import (
    FAMILIES,
    CannotMeasure,
    Check,
    Finding,
    Measurement,
    Report,
    Severity,
    check,
)
from audits.checks.catalogue import UnknownCheck, get_check, list_checks
from audits.checks.engine import measure, needed_columns, recompute
from audits.checks.outcomes import Outcome, RunSpec, TableInput, Verdict
from audits.checks.parameters import Parameter, UnusableParameters
from audits.checks.roles import MISSING, Roles, SensitiveColumn
from audits.checks.statistics import (
    Attributions,
    CellForms,
    ClassCounts,
    ColumnProfiles,
    ColumnValues,
    FeatureDigests,
    GroupClassCounts,
    GroupCounts,
    GroupErrors,
    LabelValues,
    PairedRows,
    PairedSums,
    PredictionValues,
    ProbabilitySums,
    RegressionSums,
    RowDigests,
    ScoreHistograms,
    TextLengths,
    Times,
    WeightSums,
)

__all__ = [
    # what a check is made of
    "CannotMeasure",
    "Check",
    "FAMILIES",
    "Finding",
    "Measurement",
    "Parameter",
    "Report",
    "Severity",
    "check",
    # which checks there are
    "UnknownCheck",
    "UnusableParameters",
    "get_check",
    "list_checks",
    # running them
    "MISSING",
    "Outcome",
    "Roles",
    "RunSpec",
    "SensitiveColumn",
    "TableInput",
    "Verdict",
    "measure",
    "needed_columns",
    "recompute",
    # what they read
    "Attributions",
    "CellForms",
    "ClassCounts",
    "ColumnProfiles",
    "ColumnValues",
    "FeatureDigests",
    "GroupClassCounts",
    "GroupCounts",
    "GroupErrors",
    "LabelValues",
    "PairedRows",
    "PairedSums",
    "PredictionValues",
    "ProbabilitySums",
    "RegressionSums",
    "RowDigests",
    "ScoreHistograms",
    "TextLengths",
    "Times",
    "WeightSums",
]
