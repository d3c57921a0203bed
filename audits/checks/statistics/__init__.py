"""Small mergeable statistics of a table: the same for any batch size, order of rows or split."""

from audits.checks.statistics.aligned_values import AlignedAreas, AlignedValues
from audits.checks.statistics.attributions import Attributions
from audits.checks.statistics.cell_forms import CellForms, FormsOfColumn
from audits.checks.statistics.class_counts import ClassCounts
from audits.checks.statistics.column_counts import ColumnCounts
from audits.checks.statistics.column_profiles import ColumnProfile, ColumnProfiles
from audits.checks.statistics.column_shapes import ColumnShapes
from audits.checks.statistics.column_values import ColumnValues, ValuesOfColumn
from audits.checks.statistics.correlations import Correlations
from audits.checks.statistics.disturbances import Disturbances
from audits.checks.statistics.error_sample import ErrorSample
from audits.checks.statistics.errors_apart import ErrorsApart, FarthestPair
from audits.checks.statistics.feature_classes import FeatureClasses
from audits.checks.statistics.feature_digests import FeatureDigests
from audits.checks.statistics.fold_losses import FoldLosses
from audits.checks.statistics.group_class_counts import GroupClassCounts
from audits.checks.statistics.group_counts import GroupCounts
from audits.checks.statistics.group_errors import ErrorsOfGroup, GroupErrors
from audits.checks.statistics.group_missing import GroupMissing, MissingCells
from audits.checks.statistics.group_values import GroupValues
from audits.checks.statistics.grouping import Grouping, GroupRate
from audits.checks.statistics.key_digests import KeyDigests
from audits.checks.statistics.multi_label_sums import MultiLabelSums
from audits.checks.statistics.number_spreads import NumberSpreads
from audits.checks.statistics.outcome_values import LabelValues, PredictionValues, TextLengths
from audits.checks.statistics.paired_rows import PairedRows
from audits.checks.statistics.paired_sums import PairedSums
from audits.checks.statistics.probability_sums import ProbabilitySums
from audits.checks.statistics.query_figures import QueryFigures
from audits.checks.statistics.rank_distances import RankDistances
from audits.checks.statistics.ranked_groups import RankedGroups
from audits.checks.statistics.ranked_rows import RankedRows
from audits.checks.statistics.regression_sums import RegressionSums
from audits.checks.statistics.row_digests import RowDigests
from audits.checks.statistics.row_sample import RowSample
from audits.checks.statistics.score_areas import AreasByGroup, ScoreAreas
from audits.checks.statistics.score_histograms import ScoreHistograms
from audits.checks.statistics.score_split import ScoreSplit
from audits.checks.statistics.score_steps import ScoreSteps
from audits.checks.statistics.scored_groups import ScoredGroup, ScoredGroups
from audits.checks.statistics.segment_counts import Segment, SegmentCounts
from audits.checks.statistics.times import Times
from audits.checks.statistics.value_pairs import ValuePairs
from audits.checks.statistics.weight_sums import WeightSums

__all__ = [
    "AlignedAreas",
    "AlignedValues",
    "Attributions",
    "CellForms",
    "ClassCounts",
    "ColumnCounts",
    "ColumnProfile",
    "ColumnProfiles",
    "ColumnShapes",
    "ColumnValues",
    "Correlations",
    "Disturbances",
    "ErrorSample",
    "ErrorsApart",
    "ErrorsOfGroup",
    "FarthestPair",
    "FeatureClasses",
    "FeatureDigests",
    "FoldLosses",
    "FormsOfColumn",
    "GroupClassCounts",
    "GroupCounts",
    "GroupErrors",
    "GroupMissing",
    "GroupRate",
    "GroupValues",
    "Grouping",
    "KeyDigests",
    "LabelValues",
    "MissingCells",
    "MultiLabelSums",
    "NumberSpreads",
    "PairedRows",
    "PairedSums",
    "PredictionValues",
    "ProbabilitySums",
    "QueryFigures",
    "RankDistances",
    "RankedGroups",
    "RankedRows",
    "RegressionSums",
    "RowDigests",
    "RowSample",
    "AreasByGroup",
    "ScoreAreas",
    "ScoreHistograms",
    "ScoreSplit",
    "ScoreSteps",
    "ScoredGroup",
    "ScoredGroups",
    "Segment",
    "SegmentCounts",
    "TextLengths",
    "Times",
    "ValuePairs",
    "ValuesOfColumn",
    "WeightSums",
]
