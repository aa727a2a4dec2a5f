"""The sample of make test."""

import pytest
from sampling import CASES, sample

pytest_plugins = ["pytester"]


def name(case: str) -> str:
    return case


def test_every_function_is_in_the_sample_with_few_of_its_cases() -> None:
    many = [f"tests/test_a.py::test_many[{number}]" for number in range(50)]
    few = [f"tests/test_a.py::test_few[{number}]" for number in range(CASES)]

    chosen = sample([*many, *few, "tests/test_a.py::test_one"], name)

    assert len(set(chosen) & set(many)) == CASES
    assert set(chosen) - set(many) == {*few, "tests/test_a.py::test_one"}


def test_the_sample_is_the_same_in_any_order_and_changes_little() -> None:
    cases = [f"test[{number}]" for number in range(50)]

    chosen = set(sample(cases, name))

    assert set(sample(cases[::-1], name)) == chosen
    assert len(chosen - set(sample([*cases, "test[new]"], name))) <= 1


def test_slow_tests_run_without_the_option_only(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "from sampling import pytest_addoption, pytest_collection_modifyitems\n"
        "def pytest_configure(config):\n"
        "    config.addinivalue_line('markers', 'slow: not in the sample')\n"
    )
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.mark.slow\n"
        "def test_slow(): pass\n"
        "@pytest.mark.parametrize('case', range(20))\n"
        "def test_many(case): pass\n"
    )

    pytester.runpytest("--sample").assert_outcomes(passed=CASES, deselected=21 - CASES)
    pytester.runpytest().assert_outcomes(passed=21)
