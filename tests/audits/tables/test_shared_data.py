"""Are the shared data sets found, and is their absence never silent?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared_data import shared_data, shared_data_root


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COUNTERSIGN_SHARED_DATA", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def test_the_environment_names_the_folder(elsewhere: Path) -> None:
    (elsewhere / "dirty").mkdir()
    assert shared_data("dirty") == elsewhere / "dirty"


def test_without_the_variable_the_folder_stands_beside_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COUNTERSIGN_SHARED_DATA", raising=False)
    assert shared_data_root().parts[-2:] == ("shared", "data")


def test_an_absent_file_skips_and_says_what_to_set(elsewhere: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="set COUNTERSIGN_SHARED_DATA"):
        shared_data("dirty", "nothing.csv")


def test_an_absent_file_fails_in_continuous_integration(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"nothing\.csv is absent"):
        shared_data("nothing.csv")
