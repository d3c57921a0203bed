"""Is every check found, once, under a name that says its family?"""

from types import ModuleType

import pytest

from audits.checks import FAMILIES, Check, GroupCounts, Report, UnknownCheck, check, get_check, list_checks
from audits.checks.catalogue import build_catalogue


def module_with(name: str, check_name: str, version: int = 1) -> ModuleType:
    def measure_nothing(counts: GroupCounts) -> Report:
        """Measure nothing."""
        return Report(())

    module = ModuleType(name)
    measure_nothing.__module__ = name
    vars(module)["measure_nothing"] = check(check_name, version=version, needs=GroupCounts)(measure_nothing)
    return module


def test_every_check_of_the_library_is_listed() -> None:
    names = [found.name for found in list_checks()]
    assert names == sorted(names)
    assert {"fairness.impact_ratio", "drift.population_stability", "explainability.dominant_feature"} <= set(names)
    assert all(isinstance(found, Check) and found.family in FAMILIES for found in list_checks())


def test_a_second_check_with_the_same_name_and_version_raises() -> None:
    twice = [module_with("one", "fairness.nothing"), module_with("two", "fairness.nothing")]
    with pytest.raises(ValueError, match=r'"fairness\.nothing" version 1 is defined in one and in two'):
        build_catalogue(twice)


def test_a_second_version_stands_beside_the_first() -> None:
    both = [module_with("one", "fairness.nothing"), module_with("two", "fairness.nothing", version=2)]
    assert set(build_catalogue(both)) == {("fairness.nothing", 1), ("fairness.nothing", 2)}


def test_an_unknown_check_says_which_versions_exist() -> None:
    with pytest.raises(UnknownCheck, match=r'no check "fairness\.impact_ratio" in version 9; it exists in version 1'):
        get_check("fairness.impact_ratio", 9)


@pytest.mark.parametrize("name", ["impact_ratio", "Fairness.impact", "taste.salt", "fairness."])
def test_a_name_without_a_known_family_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a check"):
        check(name, version=1, needs=GroupCounts)


def test_a_check_without_a_docstring_is_refused() -> None:
    def silent(counts: GroupCounts) -> Report:
        return Report(())

    with pytest.raises(ValueError, match="needs a docstring"):
        check("fairness.nothing", version=1, needs=GroupCounts)(silent)
