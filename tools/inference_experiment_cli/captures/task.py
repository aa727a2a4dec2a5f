"""The task of the models, which decides how answers are compared: given, or detected with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Task(StrEnum):
    """What a model predicts."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    RANKING = "ranking"
    TEXT = "text"


THRESHOLD: Final = 0.5
CLASS_NUMBERS: Final = 100
"""Integers below it are taken for numbers of classes."""
REPEATED: Final = 5
"""How often values occur on average that are taken for classes."""
CLASS_CHARACTERS: Final = 64
CLASS_SPACES: Final = 3
FEW_CLASSES: Final = 20


# form of most answers -> the task that it always means
REASONS: Final = {
    "scores": (Task.CLASSIFICATION, "the answers are scores of classes; the greatest counts"),
    "items": (Task.RANKING, "the answers are lists of items"),
    "other": (Task.TEXT, "the answers are objects, compared as a whole; choose a member with --prediction"),
    "binary": (Task.TEXT, "the answers are bytes in no known format, compared as a whole"),
}


@dataclass(frozen=True)
class Detected:
    """The task, why, and whether a number is the score of class 1."""

    task: Task
    reason: str
    threshold: float | None = None


@dataclass(frozen=True)
class Forms:
    """What the answers of one or both variants look like: records by form, and their numbers."""

    records: Mapping[str, int]
    numbers: int = 0
    least: float = 0.0
    greatest: float = 0.0
    fractions: int = 0
    kinds: int = 0
    texts: int = 0
    longest: int = 0
    spaces: float = 0.0

    @property
    def all_records(self) -> int:
        """The number of records."""
        return sum(self.records.values())

    @property
    def are_scores(self) -> bool:
        """Whether the numbers can be scores of one class of two."""
        return self.numbers > 0 and self.fractions > 0 and self.least >= 0 and self.greatest <= 1

    @property
    def are_classes(self) -> bool:
        """Whether the numbers can be numbers of classes."""
        few = self.greatest < CLASS_NUMBERS or self.kinds * REPEATED <= self.numbers
        return self.numbers > 0 and not self.fractions and self.least >= -1 and few


def forms_of(rows: Sequence[Mapping[str, Any]]) -> Forms:
    """Return the forms of the answers of all rows, which count them by side and form."""
    records: dict[str, int] = {}
    for row in rows:
        records[row["form"]] = records.get(row["form"], 0) + row["records"]
    numbers = [row for row in rows if row["numbers"]]
    texts = [row for row in rows if row["form"] == "label"]
    return Forms(
        records,
        numbers=sum(row["numbers"] for row in numbers),
        least=min((row["least"] for row in numbers), default=0.0),
        greatest=max((row["greatest"] for row in numbers), default=0.0),
        fractions=sum(row["fractions"] for row in numbers),
        kinds=max((row["kinds"] for row in rows), default=0),
        texts=sum(row["records"] for row in texts),
        longest=max((row["longest"] or 0 for row in texts), default=0),
        spaces=max((row["spaces"] or 0.0 for row in texts), default=0.0),
    )


def detect(forms: Forms, given: Task | None, *, labels_are_fractions: bool = False) -> Detected:
    """Return the task."""
    if given is not None:
        score = given is Task.CLASSIFICATION and forms.are_scores
        return Detected(given, "given by --task", THRESHOLD if score else None)
    main = max(forms.records, key=lambda form: forms.records[form], default="")
    if main == "number":
        return _of_numbers(forms, labels_are_fractions=labels_are_fractions)
    if main == "label":
        return _of_labels(forms)
    task, reason = REASONS.get(main, (Task.CLASSIFICATION, "there are no answers to tell it from"))
    return Detected(task, reason, THRESHOLD if main == "scores" and forms.are_scores else None)


def _of_numbers(forms: Forms, *, labels_are_fractions: bool) -> Detected:
    if labels_are_fractions:
        return Detected(Task.REGRESSION, "the answers are numbers and the labels have fractions")
    if forms.are_scores:
        reason = f"the answers are numbers from 0 to 1: the score of class 1, from {THRESHOLD} on"
        return Detected(Task.CLASSIFICATION, reason, THRESHOLD)
    if forms.are_classes:
        return Detected(Task.CLASSIFICATION, "the answers are integers: numbers of classes")
    return Detected(Task.REGRESSION, "the answers are numbers")


def _of_labels(forms: Forms) -> Detected:
    long = forms.longest > CLASS_CHARACTERS or forms.spaces > CLASS_SPACES
    many = forms.kinds > FEW_CLASSES and forms.kinds * REPEATED > forms.all_records
    if long or many:
        return Detected(Task.TEXT, "the answers are texts, long or nearly all different")
    return Detected(Task.CLASSIFICATION, "the answers are words that repeat: names of classes")
