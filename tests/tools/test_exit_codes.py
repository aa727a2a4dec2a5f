"""The same mistake is the same line and the same exit code in every command (design: command line conventions)."""

import pytest
from command_line import assert_one_line, run
from desk import Desk
from desk_files import bring_to, properties

from inference_experiment.errors import ExperimentError
from inference_experiment_cli.errors import (
    CommandError,
    ExitCode,
    NotPossibleError,
    Place,
    ServiceError,
    UndecidedError,
    UsageError,
    describe,
)

READERS = [
    ("validate", "nowhere.yaml"),
    ("plan", "nowhere.yaml"),
    ("plan", "p.json", "--previous", "nowhere.yaml"),
    ("convert", "nowhere.yaml", "--to", "custom"),
    ("lint", "nowhere.yaml"),
    ("policy", "check", "nowhere.yaml", "--for", "provider"),
    ("demo", "--template", "nowhere.yaml"),
    ("create", "-f", "nowhere.yaml"),
    ("update", "fraud", "-f", "nowhere.yaml"),
    ("update", "fraud", "--patch", "nowhere.yaml"),
]


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_missing_file(desk: Desk, arguments: tuple[str, ...]) -> None:
    if arguments[0] == "update":
        bring_to(desk)
    desk.write("p.json", properties())
    assert desk.refused(2, *arguments) == "nowhere.yaml: no such file"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("vlidate",), "vlidate: no such command; did you mean validate?"),
        (("validate", "--odd", "x"), "--odd: no such option"),
        (("plan",), "missing argument FILE"),
        (("list", "--format", "xml"), "--format xml: choose table, json, yaml or csv"),
        (("policy", "chek"), "chek: no such command; did you mean check?"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    assert_one_line(run(*arguments), 2, words, "--help")


def test_every_error_has_a_code_and_a_line() -> None:
    """Also those of the function, whose classes say whether AWS failed or the answer is no."""
    for kind in (NotPossibleError, UsageError, UndecidedError, ServiceError):
        assert describe(kind("text", Place("file", 3, "Tags/0"))) == [(kind.code, "file:3: Tags/0: text")]
    codes = {
        kind.__name__: (describe(kind("a", "b") if kind.__name__ == "AccessDenied" else kind("a")) or [(None, "")])[0][
            0
        ]
        for kind in ExperimentError.__subclasses__()
        if kind.__name__ != "InvalidProperties"
    }
    outside = {name for name, code in codes.items() if code is ExitCode.OUTSIDE}
    assert outside == {"AccessDenied", "LimitExceeded", "Refused", "Throttled", "Unavailable"}
    assert {code for name, code in codes.items() if name not in outside} == {ExitCode.NO}
    assert describe(ValueError("a defect")) is None
    several: ExceptionGroup[CommandError] = ExceptionGroup("", [UsageError("a"), ServiceError("b")])
    assert describe(several) == [(ExitCode.USAGE, "a"), (ExitCode.OUTSIDE, "b")]
