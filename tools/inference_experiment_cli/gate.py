"""What the verdicts of report and captures have in common: the limits by predictions, and the exit codes of --check.

Exit code 1 says that the shadow missed a criterion and nothing else. A pipeline may stop a test for it, so whatever
breaks, and whatever is not there to be judged, has another one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final, NoReturn

import typer

from inference_experiment import criteria
from inference_experiment.criteria import Criteria, Result, Verdict
from inference_experiment_cli.errors import ExitCode, NotPossibleError, UndecidedError, UsageError
from inference_experiment_cli.streams import early_end

EXIT_CODES: Final = {
    Result.MET: ExitCode.DONE,
    Result.MISSED: ExitCode.NO,
    Result.UNKNOWN: ExitCode.UNDECIDED,
}
RECOMMENDATIONS: Final = {
    Result.MET: "promote the shadow",
    Result.MISSED: "keep production",
    Result.UNKNOWN: "not enough data",
}
CRITERIA: Final = "--min-agreement, --max-prediction-drift or --min-accuracy-gain"
_SHARE: Final = re.compile(r"-?(0|1|0?\.[0-9]{1,9}|1\.0{1,9})")
_INDEX: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?|\.[0-9]{1,9}")


@dataclass(frozen=True)
class PredictionLimits:
    """The options with limits of predictions, as they were written."""

    min_agreement: Annotated[
        str, typer.Option(metavar="SHARE", help="Share of predictions that must be production's: 99% or 0.99.")
    ] = ""
    max_prediction_drift: Annotated[
        str, typer.Option(metavar="PSI", help="How far the predictions may drift: population stability index, as 0.1.")
    ] = ""
    min_accuracy_gain: Annotated[
        str,
        typer.Option(
            metavar="POINTS",
            help="How much more often the shadow must be right: 0.5%, or -0.5% for a loss. Needs labels.",
        ),
    ] = ""
    min_pairs: Annotated[int, typer.Option(min=1, help="Minimum pairs for a verdict on predictions.")] = (
        criteria.MINIMUM_PAIRS
    )

    def criteria(self) -> Criteria:
        """Return the limits. Raises UsageError."""
        agreement, drift, gain = self.min_agreement, self.max_prediction_drift, self.min_accuracy_gain
        return Criteria(
            min_agreement=_share("--min-agreement", agreement, "99%", 0.0) if agreement else None,
            max_prediction_drift=_index("--max-prediction-drift", drift)
            if (drift := self.max_prediction_drift)
            else None,
            min_accuracy_gain=_share("--min-accuracy-gain", gain, "0.5%", -1.0) if gain else None,
            min_pairs=self.min_pairs,
        )


def _share(option: str, text: str, example: str, least: float) -> float:
    """Return a share that is written with a percent sign or as a fraction. Raises UsageError."""
    decimal = criteria.fraction(example)
    if not (_SHARE.fullmatch(text) or criteria.PERCENTAGE.fullmatch(text)):
        raise UsageError(f"{option} {text}: is not a share; write it as {example} or {decimal:g}")
    value = criteria.fraction(text) if text.endswith("%") else float(text)
    if not least <= value <= 1:
        raise UsageError(f"{option} {text}: is not within {least:.0%} and 100%; write it as {example} or {decimal:g}")
    return value


def _index(option: str, text: str) -> float:
    if not _INDEX.fullmatch(text):
        raise UsageError(f"{option} {text}: is not a population stability index; write it as 0.1")
    return float(text)


@contextmanager
def gate(*, check: bool) -> Iterator[None]:
    """Let nothing but a verdict answer no to --check: what is not there to be judged is undecided."""
    try:
        yield
    except NotPossibleError as error:
        if not check:
            raise
        raise UndecidedError(error.message, error.place) from error


def finish(verdict: Verdict, show: Callable[[], None], *, check: bool) -> NoReturn:
    """Show a verdict and exit with its code, even if the reader closes the pipe."""
    with early_end():
        show()
    raise typer.Exit(EXIT_CODES[verdict.result] if check else ExitCode.DONE)
