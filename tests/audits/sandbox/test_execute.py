"""What does a worker get back when it has checks measured, whatever the model and the tables are?"""

import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from audits.checks import Outcome, RunSpec
from audits.sandbox import GUARDS, errored_outcomes, execute
from audits.sandbox.execute import CHILD_ENVIRONMENT, checked_answer
from tests.audits.sandbox import sample_models
from tests.audits.sandbox.sample_models import NUMBERS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(skl2onnx|onnx).*")

PROJECT = Path(__file__).resolve().parents[3]
CSV = {"format": "csv", "delimiter": ",", "encoding": "utf-8"}
DECLARATION = {
    "task": "binary",
    "favourable": 1,
    "columns": {
        "repaid": {"roles": ["label"]},
        "said": {"roles": ["prediction"]},
        "city": {"roles": ["sensitive"]},
        "age": {"roles": ["feature", "sensitive"], "bands": [0]},
        "income": {"roles": ["feature"]},
        "debt": {"roles": ["feature"]},
    },
}
EXPLAINED = {"check": "explainability.sensitive_attribution", "version": 1, "parameters": {"max_share": 0.5}}
ROBUST = {"check": "performance.robustness", "version": 1, "parameters": {}}
FAIRNESS = {"check": "fairness.impact_ratio", "version": 1, "parameters": {}}
UNKNOWN = {"check": "fairness.luck", "version": 1, "parameters": {}}
RUNS = [FAIRNESS, EXPLAINED, UNKNOWN]


@pytest.fixture(scope="module")
def data():
    return sample_models.applicants()


@pytest.fixture
def spec(tmp_path, data):
    """Three checks over a table, with a forest as the model."""
    frame, repaid = data
    forest = sample_models.forest(frame, repaid)
    table = frame.assign(repaid=repaid, said=forest.predict(frame[NUMBERS]))
    table.to_csv(tmp_path / "table.csv", index=False)
    sample_models.save_skops(forest, tmp_path / "model")
    return {
        "runs": RUNS,
        "tables": {"evaluation": {"path": str(tmp_path / "table.csv"), "format": CSV, "declaration": DECLARATION}},
        "artifact": {"path": str(tmp_path / "model"), "format": "skops"},
        "seed": 3,
    }


def executed(spec, **given):
    return execute(spec, **{"wall_seconds": 60, "cpu_seconds": 60, "memory_bytes": 2 * 1024**3, **given})


def verdicts(document):
    return [outcome["verdict"] for outcome in document["outcomes"]]


def sentences(document):
    return {outcome["sentence"] for outcome in document["outcomes"]}


def of_children(told):
    """What the system tells of the locked children of this process; one that has just ended has nothing to tell."""
    for entry in Path("/proc").iterdir():
        try:
            parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
            is_one = parent == str(os.getpid()) and b"audits.sandbox.child" in (entry / "cmdline").read_bytes()
            if is_one and (found := (entry / told).read_bytes()):
                yield found
        except (OSError, IndexError):
            continue


# --- what comes back ---


def test_a_batch_comes_back_in_order_with_guards_and_rows(spec):
    document = executed(spec)
    fairness, explained, unknown = document["outcomes"]
    assert [outcome["check"] for outcome in document["outcomes"]] == [run["check"] for run in RUNS]
    assert fairness["measurements"]
    assert explained["verdict"] == "passed"
    assert "tree_path_dependent over 300 of 300 rows" in explained["notes"][0]
    assert explained["statistics"]["evaluation"]["Attributions"]["sensitive"] == ["age"]
    assert unknown["verdict"] == "errored"
    assert tuple(document["guards"]) == GUARDS
    assert document["rows"] == {"evaluation": 300}
    json.dumps(document, allow_nan=False)


def test_nothing_secret_reaches_a_child(spec, monkeypatch):
    monkeypatch.setenv("COUNTERSIGN_SECRET_KEY", "do not tell")
    monkeypatch.setenv("DATABASE_URL", "postgres://do-not-tell")
    seen = []
    executed({**spec, "runs": [FAIRNESS]}, on_progress=lambda _: seen.extend(of_children("environ")))
    assert seen
    assert all(b"PYTHONPATH=" in environment and b"do" not in environment for environment in seen)


def test_a_child_never_imports_django():
    code = (
        "import sys, audits.sandbox.child, audits.sandbox.measuring, audits.sandbox.explaining\n"
        "sys.exit('django' in sys.modules)"
    )
    finished = subprocess.run(
        [sys.executable, "-P", "-c", code], env={"PYTHONPATH": str(PROJECT)}, capture_output=True, check=False
    )
    assert finished.returncode == 0, finished.stderr.decode()


def test_measuring_does_without_pandas(spec):
    """Arrow would import it, and nothing that measures may come to depend on it."""
    seen = []
    executed({**spec, "runs": [FAIRNESS]}, on_progress=lambda _: seen.extend(of_children("maps")))
    assert any(b"pyarrow" in files for files in seen)
    assert not any(b"/pandas/" in files for files in seen)


def test_a_child_reckons_the_same_way_whatever_the_processor_offers():
    asked = (
        "from numpy._core._multiarray_umath import __cpu_features__ as f; print(f.get('X86_V4'), f.get('AVX512_ICL'))"
    )
    command = [sys.executable, "-W", "error::ImportWarning", "-c", asked]
    done = subprocess.run(command, env=CHILD_ENVIRONMENT, capture_output=True, text=True, check=True)
    assert "True" not in done.stdout


# --- models ---


def test_a_pickle_is_never_opened_and_the_other_checks_go_on(spec, tmp_path):
    class Opened:
        def __reduce__(self):
            return (open, (str(tmp_path / "opened"), "w"))

    Path(spec["artifact"]["path"]).write_bytes(pickle.dumps(Opened()))
    document = executed(spec)
    assert verdicts(document)[0] in ("passed", "failed")
    assert verdicts(document)[1:] == ["inconclusive", "errored"]
    assert "opening a pickle runs whatever code" in document["outcomes"][1]["sentence"]
    assert not (tmp_path / "opened").exists()


def test_a_model_that_kills_its_process_costs_only_its_own_checks(spec, data):
    path = Path(spec["artifact"]["path"])
    sample_models.save_lightgbm(*data, path)
    # Every tree now points far outside itself, and the sizes of the trees are wrong.
    path.write_text(
        re.sub(r"^(left_child|right_child)=(.*)$", lambda m: f"{m[1]}={re.sub(r'-?[0-9]+', '100000000', m[2])}",
               path.read_text(), flags=re.MULTILINE)
    )  # fmt: skip
    runs = [FAIRNESS, EXPLAINED, ROBUST]
    document = executed({**spec, "runs": runs, "artifact": {"path": str(path), "format": "lightgbm"}})
    assert verdicts(document)[0] in ("passed", "failed")
    assert verdicts(document)[1:] == ["errored", "errored"]
    assert all("its process crashed (SIG" in outcome["sentence"] for outcome in document["outcomes"][1:])


def test_a_table_without_the_columns_of_the_model_leaves_the_question_open(spec):
    columns = {name: said for name, said in DECLARATION["columns"].items() if name != "debt"}
    table = {**spec["tables"]["evaluation"], "declaration": {**DECLARATION, "columns": columns}}
    document = executed({**spec, "runs": [EXPLAINED, ROBUST], "tables": {"evaluation": table}})
    assert verdicts(document) == ["inconclusive", "inconclusive"]
    assert sentences(document) == {
        'The model asks for "debt", which the table does not declare as features. '
        "Declare these columns with the role feature, named as in training."
    }


def test_a_model_that_breaks_over_the_table_is_errored(spec, data):
    frame, repaid = data
    forest = sample_models.forest(frame, repaid)
    # A cell with a text where the model knows only numbers.
    text = {**DECLARATION["columns"], "age": {"roles": ["feature"]}}
    table = {**spec["tables"]["evaluation"], "declaration": {**DECLARATION, "columns": text}}
    frame.assign(repaid=repaid, said=forest.predict(frame[NUMBERS]), age="old").to_csv(table["path"], index=False)
    document = executed({**spec, "runs": [EXPLAINED, ROBUST], "tables": {"evaluation": table}})
    assert verdicts(document) == ["errored", "errored"]
    assert all("could not be" in outcome["sentence"] for outcome in document["outcomes"])


def test_five_changed_bytes_in_a_model_never_reach_the_worker(spec, data, tmp_path):
    frame, repaid = data
    sample_models.save_xgboost(frame, repaid, tmp_path / "model.json")
    sample_models.save_xgboost(frame, repaid, tmp_path / "model.ubj")
    sample_models.save_lightgbm(frame, repaid, tmp_path / "model.txt")
    sample_models.save_onnx(LogisticRegression().fit(frame[NUMBERS].to_numpy(), repaid), tmp_path / "model.onnx")
    forms = {"json": "xgboost_json", "ubj": "xgboost_ubj", "txt": "lightgbm", "onnx": "onnx"}
    specs = []
    for seed, (ending, form) in enumerate(forms.items()):
        content, dice = bytearray((tmp_path / f"model.{ending}").read_bytes()), random.Random(seed)
        for _ in range(5):
            content[dice.randrange(len(content) // 20, len(content))] = dice.randrange(256)
        (tmp_path / f"changed.{ending}").write_bytes(content)
        artifact = {"path": str(tmp_path / f"changed.{ending}"), "format": form}
        specs.append({**spec, "runs": [EXPLAINED, FAIRNESS], "artifact": artifact})
    with ThreadPoolExecutor(2) as pool:
        for document in pool.map(executed, specs):
            assert verdicts(document)[1] in ("passed", "failed")
            assert document["outcomes"][0]["sentence"]


# --- limits ---


def test_a_batch_that_takes_too_long_is_stopped(spec):
    document = executed(spec, wall_seconds=0.2)
    assert verdicts(document) == ["errored"] * 3
    assert sentences(document) == {"The process of the checks took longer than the time allowed and was stopped."}


def test_a_batch_that_takes_too_much_processor_time_is_stopped(spec):
    document = executed({**spec, "runs": [EXPLAINED]}, cpu_seconds=1)
    assert verdicts(document) == ["errored"]
    assert re.search(r"processor time", document["outcomes"][0]["sentence"])


def test_a_batch_that_takes_too_much_memory_is_stopped(spec):
    document = executed({**spec, "runs": [FAIRNESS]}, memory_bytes=32 * 1024**2)
    assert verdicts(document) == ["errored"]
    assert "more than 32 MiB of memory" in document["outcomes"][0]["sentence"]


def test_a_killed_child_costs_its_checks_alone_and_the_next_one_gives_the_same_bytes(spec):
    path = Path(spec["tables"]["evaluation"]["path"])
    header, *rows = path.read_text().splitlines(keepends=True)
    path.write_text(header + "".join(rows) * 600)
    order = {**spec, "runs": [FAIRNESS], "artifact": None}
    undisturbed, killed = executed(order), []

    def kill(percent):
        # Whoever says how far it is, is in the middle of its rows.
        killed.extend(int(stat.split()[0]) for stat in of_children("stat"))
        os.kill(killed[-1], signal.SIGKILL)

    document = executed(order, on_progress=kill)
    assert killed
    assert verdicts(document) == ["errored"]
    assert sentences(document) == {
        "The process of the checks was killed: it used more processor time or memory than it may."
    }
    assert verdicts(undisturbed) != ["errored"]
    assert json.dumps(executed(order)) == json.dumps(undisturbed)


# --- tables ---


def test_a_table_that_cannot_be_read_is_an_errored_outcome(spec):
    path = Path(spec["tables"]["evaluation"]["path"])
    path.write_text(path.read_text() + "1,2\n")
    document = executed({**spec, "runs": [FAIRNESS], "artifact": None})
    assert verdicts(document) == ["errored"]
    assert "row 301" in document["outcomes"][0]["sentence"].lower()


def test_a_damaged_parquet_file_is_an_errored_outcome(spec):
    table = spec["tables"]["evaluation"]
    pd.read_csv(table["path"]).to_parquet(table["path"])
    content = bytearray(Path(table["path"]).read_bytes())
    content[-200:-100] = bytes(100)
    Path(table["path"]).write_bytes(content)
    parquet = {**table, "format": {**CSV, "format": "parquet"}}
    document = executed({**spec, "runs": [FAIRNESS], "tables": {"evaluation": parquet}, "artifact": None})
    assert verdicts(document) == ["errored"]


def test_a_declaration_that_says_nothing_is_an_errored_outcome(spec):
    table = {**spec["tables"]["evaluation"], "declaration": {"task": "guess"}}
    document = executed({**spec, "runs": [FAIRNESS], "tables": {"evaluation": table}, "artifact": None})
    assert verdicts(document) == ["errored"]
    assert "guess" in document["outcomes"][0]["sentence"]


# --- the answer of a child ---


def test_several_labels_and_the_answers_to_queries_reach_their_checks(tmp_path):
    rows = ["search,grade,score,snow,rain,said_snow,said_rain"]
    rows += [f"q{number // 2},{number % 2},{number % 2},1,0,1,{number % 2}" for number in range(80)]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    pairs = {"said_rain": "rain", "said_snow": "snow"}
    declarations = {
        "performance.ranking_by_query": {
            "task": "regression",
            "columns": {"search": {"roles": ["query"]}, "grade": {"roles": ["label"]}, "score": {"roles": ["score"]}},
        },
        "performance.multi_label": {
            "task": "multi_label",
            "columns": {
                **{label: {"roles": ["label"]} for label in pairs.values()},
                **{column: {"roles": ["prediction"], "of": label} for column, label in pairs.items()},
            },
        },
    }
    found = {}
    for check, declaration in declarations.items():
        table = {"path": str(tmp_path / "table.csv"), "format": CSV, "declaration": declaration}
        order = {"runs": [{"check": check, "version": 1, "parameters": {}}], "tables": {"evaluation": table}, "seed": 1}
        (outcome,) = executed(order)["outcomes"]
        assert outcome["verdict"] in ("passed", "failed"), outcome["sentence"]
        found |= {(one["name"], one["group"]): one["value"] for one in outcome["measurements"]}
    assert found["discounted_gain", None] == 1.0
    assert found["hamming_loss", None] == 0.25
    assert found["recall", "snow"] == 1.0


def test_an_errored_outcome_looks_like_any_other():
    (document,) = errored_outcomes([FAIRNESS], "Something broke.")
    spec = RunSpec(FAIRNESS["check"], FAIRNESS["version"], FAIRNESS["parameters"])
    assert document == Outcome(spec, "errored", "Something broke.").to_document()


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer["outcomes"].pop(),
        lambda answer: answer["outcomes"].append(answer["outcomes"][0]),
        lambda answer: answer["outcomes"].reverse(),
        lambda answer: answer["outcomes"][0].update(verdict="excellent"),
        lambda answer: answer["outcomes"][0].update(parameters={"min_ratio": 0}),
        lambda answer: answer["outcomes"][0].pop("check"),
        lambda answer: answer.update(rows=None),
        lambda answer: answer.update(outcomes=None),
    ],
)
def test_an_answer_that_does_not_match_the_order_is_not_believed(change):
    answer = {"outcomes": errored_outcomes([FAIRNESS, EXPLAINED], "x"), "rows": {}}
    assert checked_answer(json.dumps(answer).encode(), [FAIRNESS, EXPLAINED]) == answer
    change(answer)
    with pytest.raises(Exception, match="do not match what was ordered"):
        checked_answer(json.dumps(answer).encode(), [FAIRNESS, EXPLAINED])
