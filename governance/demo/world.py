"""Which three versions of one real model does the demo tell its story with, and what do they measure?

The study is scikit-learn's diabetes data: 442 patients, ten measurements, and the progression a year later.
The registered model selects about a third of the patients for a care programme.
Every figure is computed when the world is built; the words around it are held true by the tests.
"""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import skops.io
from fairlearn.postprocessing import ThresholdOptimizer
from scipy.stats import norm
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import StratifiedKFold

from governance.demo.figures import Figure, measure_figures

MODEL_NAME = "care-programme"
DESCRIPTION = (
    "Selects about a third of diabetes patients for a care programme: those with the highest predicted "
    "progression of the disease over the next year."
)
INTENDED_USE = (
    "To propose patients to a care team, which decides. The harm to watch is a patient whose disease will "
    "progress and who is not selected."
)
LIMITS_OF_THE_STUDY = (
    "442 patients prove little: read the 95 % intervals, not the third decimal. "
    "A gap is taken between the two extreme groups after looking, so its interval is on the narrow side. "
    "The source of the data does not say which sex the codes 1 and 2 mean, so the groups are called "
    '"sex 1" and "sex 2".'
)

AGE_CUTS = (40, 55)
SEXES = {"1": "sex 1", "2": "sex 2"}
GROUPS = {"sex": tuple(SEXES.values()), "age": ("under 40", "40 to under 55", "55 and over")}
BLOOD_AND_BODY = ("bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
FOLDS = 10
SEED = 0
DIGITS = 6  # of the printed probability: enough to tell patients apart, few enough to hide rounding noise


@dataclass(frozen=True)
class Recipe:
    """How one version is made: what the regression sees and how its predictions become selections."""

    number: int
    title: str
    features: tuple[str, ...]  # alphabetical, so that sorting a declaration's keys does not reorder them
    equalises: bool


RECIPES = (
    Recipe(1, "Without sex and age", BLOOD_AND_BODY, equalises=False),
    Recipe(2, "With sex and age", ("age", *BLOOD_AND_BODY, "sex"), equalises=False),
    Recipe(3, "With cuts by sex and age band", ("age", *BLOOD_AND_BODY, "sex"), equalises=True),
    # s2 (low-density lipoproteins) mostly repeats s1 (total cholesterol): their correlation in the study is 0.90.
    Recipe(4, "The same with one blood test fewer", ("age", "bmi", "bp", "s1", "s3", "s4", "s5", "s6", "sex"), True),
)


@dataclass(frozen=True)
class DemoVersion:
    """One version as a pipeline hands it in, and what the gate is expected to say."""

    number: int
    title: str
    story: str
    artifact: Path
    artifact_format: str
    evaluation: Path
    reference: Path
    declaration: dict[str, Any]
    expected_gate: Literal["block", "wait"]
    blocked_by: tuple[str, ...]  # the checks whose findings block it
    figures: tuple[Figure, ...]
    summary: str


@dataclass(frozen=True)
class World:
    """The registered model of the demo and its versions, written to disk."""

    model_name: str
    description: str
    intended_use: str
    versions: tuple[DemoVersion, ...]


def read_study() -> pd.DataFrame:
    """The 442 patients with their groups and the label.

    The label is 1 for progression at or above the two-thirds quantile of the study.
    That is 184 or more: 148 patients, 442 / 3 rounded up; the next value below is 183, so no tie is cut.
    It is the definition of the outcome and fixed before any model is fitted.
    """
    source = load_diabetes(scaled=False, as_frame=True).frame
    study = source.rename(columns={"target": "progression"})
    study = study.astype({"age": int, "sex": int, "progression": int})
    study.insert(0, "patient", [f"P{row:03d}" for row in range(1, len(study) + 1)])
    study["high_progression"] = (study["progression"] >= label_cut(study)).astype(int)
    study["sex_group"] = study["sex"].astype(str).map(SEXES)
    study["age_group"] = np.array(GROUPS["age"])[np.searchsorted(AGE_CUTS, study["age"], side="right")]
    study["sex_and_age"] = study["sex_group"] + ", " + study["age_group"]
    return study


def label_cut(study: pd.DataFrame) -> float:
    """The lowest progression that counts as high."""
    return float(np.quantile(study["progression"], 2 / 3, method="higher"))


@dataclass(frozen=True)
class Selector:
    """A regression of progression, and the rule that turns its predictions into selections."""

    recipe: Recipe
    regression: LinearRegression
    spread: float  # standard deviation of the residuals, in units of progression
    high: float  # progression from which the label is 1
    cut: float
    optimiser: ThresholdOptimizer | None

    @classmethod
    def fit(cls, recipe: Recipe, patients: pd.DataFrame, *, high: float) -> "Selector":
        """Learn the regression, the spread and every cut from these patients and no others."""
        columns = list(recipe.features)
        regression = LinearRegression().fit(patients[columns], patients["progression"])
        predicted = regression.predict(patients[columns])
        freedom = len(patients) - len(columns) - 1
        spread = math.sqrt(float(((patients["progression"] - predicted) ** 2).sum()) / freedom)
        optimiser = None
        if recipe.equalises:
            optimiser = ThresholdOptimizer(
                estimator=regression,
                constraints="true_positive_rate_parity",
                objective="accuracy_score",
                predict_method="predict",
                prefit=True,
            ).fit(patients[columns], patients["high_progression"], sensitive_features=patients["sex_and_age"])
        cut = float(np.quantile(predicted, 2 / 3, method="higher"))
        return cls(recipe, regression, spread, high, cut, optimiser)

    def answer(self, patients: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        """Selections and probabilities for these patients.

        The probability is that of a label 1, read from the prediction and the spread of a linear regression.
        The optimiser draws lots between the two cuts of a group, so its answers need a seed.
        """
        features = patients[list(self.recipe.features)]
        predicted = self.regression.predict(features)
        if self.optimiser is None:
            selected = predicted >= self.cut
        else:
            selected = self.optimiser.predict(features, sensitive_features=patients["sex_and_age"], random_state=seed)
        probability = norm.cdf((predicted - self.high) / self.spread).round(DIGITS)
        return pd.DataFrame(
            {"selected": np.asarray(selected).astype(int), "probability": probability}, index=patients.index
        )

    def artifact(self) -> bytes:
        """The regression as a skops file.

        The decision rule travels inside, so that the digest covers the cuts as well:
        the same regression with other cuts is another version.
        """
        rule: dict[str, list[list[Any]]] = {"everyone": [[1.0, ">=", self.cut]]}
        if self.optimiser is not None:
            by_group = self.optimiser.interpolated_thresholder_.interpolation_dict
            rule = {
                group: [
                    [float(share), operation.operator, float(operation.threshold)]
                    for share, operation in ((two.p0, two.operation0), (two.p1, two.operation1))
                    if share > 1e-9  # a share that only rounding left above nothing
                ]
                for group, two in sorted(by_group.items())
            }
        regression = copy(self.regression)
        regression.decision_rule_ = {
            "select": rule,
            "residual_spread": self.spread,
            "high_progression_from": self.high,
        }
        return _reproducible(skops.io.dumps(regression))


def answer_out_of_fold(recipe: Recipe, study: pd.DataFrame, *, seed: int = SEED) -> pd.DataFrame:
    """Answers for all patients, each from a selector that was fitted without that patient.

    Ten folds with the same mix of sex, age band and label.
    Regression, spread and cuts come from the other nine.
    """
    mix = study["sex_and_age"] + study["high_progression"].astype(str)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(study, mix)
    parts = []
    for number, (others, fold) in enumerate(folds):
        selector = Selector.fit(recipe, study.iloc[others], high=label_cut(study))
        parts.append(selector.answer(study.iloc[fold], seed=100 * seed + number))
    return pd.concat(parts).sort_index()


def build_world(directory: Path) -> World:
    """Write artifact, tables, declaration and summary of each version below `directory`.

    The same call writes the same bytes again.
    """
    study = read_study()
    built = [_build_version(recipe, study, directory / f"version-{recipe.number}") for recipe in RECIPES]
    return World(MODEL_NAME, DESCRIPTION, INTENDED_USE, tuple(built))


def _build_version(recipe: Recipe, study: pd.DataFrame, directory: Path) -> DemoVersion:
    directory.mkdir(parents=True, exist_ok=True)
    answers = answer_out_of_fold(recipe, study)
    final = Selector.fit(recipe, study, high=label_cut(study))
    figures = measure_figures(study, answers, GROUPS)
    declaration = _declaration(recipe)
    story, gate, blocked_by = _story(recipe.number, figures)
    summary = "\n".join(
        [f"Version {recipe.number}: {recipe.title}.", story, *map(str, figures), LIMITS_OF_THE_STUDY, ""]
    )
    paths = {
        name: directory / name
        for name in ("model.skops", "evaluation.csv", "reference.csv", "declaration.json", "summary.txt")
    }
    paths["model.skops"].write_bytes(final.artifact())
    _write_table(paths["evaluation.csv"], study, answers)
    # The reference is the training table of the artifact with the artifact's own answers: what later traffic
    # will be compared with. Every patient is in both tables, so the features of this evaluation cannot have
    # drifted from it; the probabilities can, and show how much surer the model is of patients it has seen.
    _write_table(paths["reference.csv"], study, final.answer(study, seed=SEED))
    paths["declaration.json"].write_text(json.dumps(declaration, indent=2) + "\n", encoding="utf-8")
    paths["summary.txt"].write_text(summary, encoding="utf-8")
    return DemoVersion(
        number=recipe.number,
        title=recipe.title,
        story=story,
        artifact=paths["model.skops"],
        artifact_format="skops",
        evaluation=paths["evaluation.csv"],
        reference=paths["reference.csv"],
        declaration=declaration,
        expected_gate=gate,
        blocked_by=blocked_by,
        figures=figures,
        summary=summary,
    )


def _declaration(recipe: Recipe) -> dict[str, Any]:
    columns: dict[str, dict[str, Any]] = {
        "patient": {"roles": ["id"]},
        "high_progression": {"roles": ["label"]},
        "selected": {"roles": ["prediction"]},
        "probability": {"roles": ["score"]},
        "age": {"roles": ["sensitive"], "bands": list(AGE_CUTS)},
        **{name: {"roles": []} for name in BLOOD_AND_BODY},
        "sex": {"roles": ["sensitive"], "labels": dict(SEXES)},
    }
    for name in recipe.features:
        columns[name]["roles"].append("feature")
    described = {name: column for name, column in columns.items() if column["roles"]}
    return {"task": "binary", "favourable": 1, "columns": described}


def _write_table(path: Path, study: pd.DataFrame, answers: pd.DataFrame) -> None:
    table = study[["patient", "high_progression"]].join(answers).join(study[["age", *BLOOD_AND_BODY, "sex"]])
    table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _story(number: int, figures: tuple[Figure, ...]) -> tuple[str, Literal["block", "wait"], tuple[str, ...]]:
    at = {(figure.name, figure.group): figure for figure in figures}
    ratio, gap = at["impact ratio", "by sex"], at["true positive rate gap", "by age"]
    by_sex = f"an impact ratio by sex of {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
    by_age = f"a gap of {gap.value:.2f} ({gap.low:.2f} to {gap.high:.2f})"
    first, second = (at["selection rate", group].value for group in GROUPS["sex"])
    young, middle, old = (at["true positive rate", group].value for group in GROUPS["age"])
    if number == 1:
        return (
            "Sex and age are left out, as people do. The other measurements still tell the sexes apart: "
            f"{first:.0%} of sex 1 and {second:.0%} of sex 2 are selected, {by_sex}: "
            "further apart than their outcomes are. "
            f"By age the true positive rates are {young:.0%}, {middle:.0%} and {old:.0%}: {by_age}.",
            "block",
            ("fairness.impact_ratio", "fairness.equal_opportunity_gap"),
        )
    if number == 2:
        return (
            f"Knowing sex, the regression corrects itself: {by_sex}, "
            "though the interval leaves open what a larger study would show. "
            f"Of patients under 40 whose disease will progress it still finds only {young:.0%}, "
            f"against {middle:.0%} at 40 to under 55 and {old:.0%} from 55: {by_age}.",
            "block",
            ("fairness.equal_opportunity_gap",),
        )
    if number == 4:
        return (
            "Version 3 without the blood test s2, which mostly repeats s1: one test fewer for every patient. "
            f"It finds {young:.0%}, {middle:.0%} and {old:.0%} of the patients in need, "
            f"from the youngest band to the oldest: {by_age}, with {by_sex}.",
            "wait",
            (),
        )
    return (
        "The regression of version 2 with cuts of its own for each sex and age band, which fairlearn's "
        "threshold optimiser sets for equal true positive rates. "
        f"It finds {young:.0%}, {middle:.0%} and {old:.0%} of the patients in need, "
        f"from the youngest band to the oldest: {by_age}, with {by_sex}. "
        "Reviewers should know the price: sex and age decide which cut applies, "
        "lots decide between the two cuts of a group, which in some groups lie far apart, "
        "and part of the gap was closed by finding fewer of the older patients. "
        "Selection rates by age still differ, as the need does.",
        "wait",
        (),
    )


def _reproducible(archive: bytes) -> bytes:
    """The same skops file with memory addresses replaced by running numbers and without the time of day."""
    source = zipfile.ZipFile(io.BytesIO(archive))
    schema = json.loads(source.read("schema.json"))
    numbers: dict[int, int] = {}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as written:

        def write(name: str, content: bytes) -> None:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            written.writestr(entry, content)

        for node in _nodes(schema):
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
            if "file" in node:
                old, node["file"] = node["file"], f"{node['__id__']}.npy"
                write(node["file"], source.read(old))
        write("schema.json", json.dumps(schema, indent=2).encode())
    return target.getvalue()


def _nodes(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if "__id__" in part:
            yield part
        for child in part.values():
            yield from _nodes(child)
    elif isinstance(part, list):
        for child in part:
            yield from _nodes(child)
