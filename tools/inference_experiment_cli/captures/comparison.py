"""Compares the paired predictions: how far both variants agree, and which of them is right where labels say so."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from inference_experiment.intervals import Interval, share
from inference_experiment_cli.captures import bodies, queries
from inference_experiment_cli.captures.engine import LineCounts
from inference_experiment_cli.captures.labels import KEY
from inference_experiment_cli.captures.pairing import Engine, Pairing
from inference_experiment_cli.captures.place import Variants
from inference_experiment_cli.captures.statistics import (
    Judgement,
    McNemar,
    class_counts,
    error_intervals,
    least_stability_index,
    mcnemar,
    stability_index,
)
from inference_experiment_cli.captures.task import Detected, Task, detect, forms_of

QUANTILES: Final = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
DECILES: Final = tuple(number / 10 for number in range(1, 10))
HISTOGRAM_BINS: Final = 20
DRAWN_RECORDS: Final = 2000
"""Records that the bootstrap draws one by one; of more it draws as many groups."""
SLICES: Final = 50
HOURS: Final = 24 * 31
EXAMPLES: Final = 10
OVERLAP: Final = 10
MAX_CLASSES: Final = 1000


@dataclass(frozen=True)
class Part:
    """The agreement of a part of the records: those of a slice, or of an hour."""

    key: str | datetime | None
    records: int
    agreement: float | None
    accuracy: Mapping[str, float] | None
    mean_absolute_difference: float | None


@dataclass(frozen=True)
class ClassRow:
    """One class: how often each variant predicts it and both do, and their scores against the labels."""

    name: str
    production: int
    shadow: int
    both: int
    labelled: int = 0
    f1: Mapping[str, float] | None = None
    precision: Mapping[str, float] | None = None
    recall: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Drift:
    """How far the shadow's distribution is from production's: stability index and Kolmogorov-Smirnov distance.

    `bins` are those of the index: where each begins and ends, and the records of production and of the shadow.
    `psi_low` is the lower end of the index's interval.
    """

    of: str
    psi: float | None
    ks: float | None = None
    psi_low: float | None = None
    bins: Sequence[tuple[float | None, float | None, int, int]] = ()


@dataclass(frozen=True)
class Classification:
    """Classes of both variants: (production, shadow, records), and each class.

    `histogram` is that of the shadow's score less production's, where the answers have scores.
    """

    confusion: Sequence[tuple[str, str, int]]
    classes: Sequence[ClassRow]
    drift: Sequence[Drift]
    histogram: Sequence[tuple[float, float, int]] = ()


@dataclass(frozen=True)
class Regression:
    """The distribution of the shadow's value less production's."""

    records: int
    without_number: int
    mean: float | None
    deviation: float | None
    mean_absolute: float | None
    root_mean_square: float | None
    greatest: float | None
    correlation: float | None
    quantiles: Mapping[float, float]
    histogram: Sequence[tuple[float, float, int]]
    drift: Sequence[Drift]


@dataclass(frozen=True)
class Texts:
    """How far texts are the same: as they are, and without case, punctuation and spaces. Lengths in characters."""

    exact: float
    normalised: float
    length: Mapping[str, float]


@dataclass(frozen=True)
class Ranking:
    """How far lists are the same: the first item, all in order, and the share of the first ten in both."""

    first: float
    same_order: float
    overlap: float


@dataclass(frozen=True)
class Truth:
    """Both variants against the labels, over the paired records that have one."""

    by: str
    labelled: int
    unusable: int
    accuracy: Mapping[str, float] | None = None
    f1_macro: Mapping[str, float] | None = None
    f1_binary: Mapping[str, float] | None = None
    mcnemar: McNemar | None = None
    mae: Mapping[str, float] | None = None
    rmse: Mapping[str, float] | None = None
    bias: Mapping[str, float] | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One of the largest disagreements. `request` is the beginning of the request's body."""

    identifier: str | None
    moment: datetime | None
    position: int
    production: str | None
    shadow: str | None
    label: str | None
    difference: float | None
    request: str | None


@dataclass(frozen=True)
class PredictionReport:
    """Everything that was compared. What a task does not have is None; `notes` say what could not be compared.

    `undecoded` are each side's paired records whose answer is in no format that is known.
    """

    place: str
    variants: Variants
    lines: Mapping[str, LineCounts]
    pairing: Pairing
    detected: Detected
    records: int
    agreement: Interval | None
    classification: Classification | None = None
    regression: Regression | None = None
    text: Texts | None = None
    ranking: Ranking | None = None
    truth: Truth | None = None
    slices: Sequence[Part] | None = None
    over_time: Sequence[Part] = ()
    examples: Sequence[Example] = ()
    notes: Sequence[str] = ()
    undecoded: Mapping[str, int] = field(default_factory=dict)
    engine: str = "duckdb"
    scanned_bytes: int | None = None
    cost: float | None = None


@dataclass(frozen=True)
class Wanted:
    """What is asked for besides the comparison itself."""

    task: Task | None = None
    labels: bool = False
    slices: bool = False
    redact: bool = False


@dataclass
class Comparison:
    """The work of one comparison, over the tables of an engine whose pairs are found."""

    engine: Engine
    wanted: Wanted
    notes: list[str] = field(default_factory=list)
    labelled_by: str = ""
    detected: Detected = field(init=False)
    undecoded: Mapping[str, int] = field(init=False)

    def prepare(self) -> None:
        """Make the table of paired records with what the task compares."""
        self.engine.execute(queries.COMPARED)
        labels = (
            self._join_labels() if self.wanted.labels else "NULL::VARCHAR AS label, FALSE AS has_label FROM compared c"
        )
        self.engine.execute(f"CREATE VIEW labelled AS SELECT c.*, {labels}")
        forms = {side: self.engine.rows(queries.FORMS.format(side=side[0])) for side in queries.SIDES}
        rows = [row for side in queries.SIDES for row in forms[side]]
        self.undecoded = {
            side: sum(row["records"] for row in found if row["form"] == "binary") for side, found in forms.items()
        }
        fraction = f"SELECT 1 FROM (SELECT targets[1] AS label FROM labels) WHERE {NUMBER_OF_LABEL} % 1 <> 0 LIMIT 1"
        labels_are_fractions = self.wanted.labels and bool(self.engine.rows(fraction))
        self.detected = detect(forms_of(rows), self.wanted.task, labels_are_fractions=labels_are_fractions)
        self.engine.execute(judged(self.detected))

    def _join_labels(self) -> str:
        """Return the label's column and the join, by the identifier that labels have."""
        for side, column, name in (
            ("production", "inference_id", "inferenceId"),
            ("production", "event_id", "eventId"),
            ("shadow", "event_id", "eventId of the shadow"),
        ):
            key = KEY.format(text=f"t.{column}")
            join = f"JOIN {side} t ON t.line = c.{side} JOIN labels ON labels.key = {key}"
            found = self.engine.row(f"SELECT count(*) AS records FROM (SELECT 1 FROM compared c {join} LIMIT 1)")
            if found["records"]:
                self.labelled_by = name
                left = join.replace("JOIN", "LEFT JOIN")
                sizes = "LEFT JOIN (SELECT production, max(position) AS records FROM compared GROUP BY production) z"
                label = (
                    "CASE WHEN labels.kinds = 1 AND z.records = 1 THEN labels.targets[1] "
                    "WHEN array_length(labels.targets) = z.records THEN labels.targets[c.position] END AS label, "
                    "labels.key IS NOT NULL AS has_label"
                )
                return f"{label} FROM compared c {left} {sizes} ON z.production = c.production"
        self.notes.append("no label has the inferenceId or eventId of a pair as its key")
        return "NULL::VARCHAR AS label, FALSE AS has_label FROM compared c"

    # What the tasks have in common

    def parts(self, key: str, join: str, limit: int) -> list[Part]:
        """Return the agreement of each part."""
        rows = self.engine.rows(queries.AGREEMENT_BY.format(key=key, join=join, limit=limit))
        return [self._part(row) for row in rows]

    def _part(self, row: Mapping[str, Any]) -> Part:
        regression = self.detected.task is Task.REGRESSION
        agreement = None if regression else row["agreed"] / row["records"]
        accuracy = None
        if row["labelled"] and not regression:
            accuracy = {side: row[f"{side[0]}_right"] / row["labelled"] for side in queries.SIDES}
        return Part(row["key"], row["records"], agreement, accuracy, row["difference"] if regression else None)

    def examples(self) -> list[Example]:
        """Return the largest disagreements."""
        rows = self.engine.rows(_EXAMPLES.format(limit=EXAMPLES))
        return [self._example(row) for row in rows]

    def _example(self, row: Mapping[str, Any]) -> Example:
        hide = self.wanted.redact
        shown = {"production": row["p_shown"], "shadow": row["s_shown"], "label": row["label"]}
        if hide and self.detected.task in {Task.TEXT, Task.RANKING}:
            shown = {name: _redacted(text) for name, text in shown.items()}
        return Example(
            identifier=row["inference_id"] or row["event_id"],
            moment=row["moment"],
            position=row["position"],
            **shown,
            difference=row["difference"],
            request=None if hide else row["shown"],
        )

    # Classification

    def classification(self) -> Classification:
        """Return the comparison of classes."""
        counts = self.engine.rows(queries.COUNTS)
        confusion: dict[tuple[str, str], int] = {}
        for row in counts:
            cell = (row["p_class"] or "", row["s_class"] or "")
            confusion[cell] = confusion.get(cell, 0) + row["records"]
        judgements = self._judgements(counts)
        classes = _class_rows(confusion, judgements)
        first, second = class_counts(counts, "p_class"), class_counts(counts, "s_class")
        names = sorted({*first, *second})
        counted = [[found[each] for each in names] for found in (first, second)]
        drift = [
            Drift("classes", stability_index(*counted), psi_low=least_stability_index(*counted)),
            *self.drift("scores"),
        ]
        cells = sorted(((*cell, records) for cell, records in confusion.items()), key=lambda cell: (-cell[2], cell))
        return Classification(cells[:MAX_CLASSES], classes[:MAX_CLASSES], drift, self.histogram())

    def _judgements(self, counts: Sequence[Mapping[str, Any]]) -> dict[str, Judgement]:
        judgements = {side: Judgement() for side in queries.SIDES}
        for row in counts:
            if row["label"] is not None:
                judgements["production"].add(row["label"], row["p_class"], row["records"])
                judgements["shadow"].add(row["label"], row["s_class"], row["records"])
        return judgements

    def drift(self, of: str) -> list[Drift]:
        """Return the drift of scores or values; none where a variant has none.

        What is no value is a bin of its own: a shadow that answers NaN has drifted. Scores may be missing by design.
        """
        present = self.engine.row("SELECT count(p_score) AS p, count(s_score) AS s, count(*) AS records FROM judged")
        if not present["p"] or not present["s"]:
            return []
        cuts = sorted(set(self.engine.quantiles("p_score", DECILES)))
        counts = [self._counts(f"{side}_score", cuts) for side in ("p", "s")]
        bins = list(zip([None, *cuts], [*cuts, None], *counts, strict=True))
        if self.detected.task is Task.REGRESSION:
            counts = [
                [*each, present["records"] - present[side]] for each, side in zip(counts, ("p", "s"), strict=True)
            ]
        distance = self.engine.row(queries.DISTANCE)["distance"]
        return [Drift(of, stability_index(*counts), distance, least_stability_index(*counts), bins)]

    def _counts(self, value: str, cuts: Sequence[float]) -> list[int]:
        place = " + ".join(f"CASE WHEN {value} > {cut!r} THEN 1 ELSE 0 END" for cut in cuts)
        sql = f"SELECT {place} AS place, count(*) AS records FROM judged WHERE {value} IS NOT NULL GROUP BY 1"
        found = {row["place"]: row["records"] for row in self.engine.rows(sql)}
        return [found.get(at, 0) for at in range(len(cuts) + 1)]

    # Regression

    def regression(self) -> Regression:
        """Return the distribution of differences."""
        row = self.engine.row(queries.DIFFERENCES)
        total = self.engine.row("SELECT count(*) AS records FROM judged")["records"]
        quantiles = dict(zip(QUANTILES, self.engine.quantiles("difference", QUANTILES), strict=False))
        names = ("mean", "deviation", "mean_absolute", "root_mean_square", "greatest", "correlation")
        values = {name: row[name] for name in names}
        if values["correlation"] is not None and values["correlation"] != values["correlation"]:
            values["correlation"] = None
        return Regression(
            row["records"], total - row["records"], **values, quantiles=quantiles, histogram=self.histogram(),
            drift=self.drift("values"),
        )  # fmt: skip

    def histogram(self) -> list[tuple[float, float, int]]:
        """Return how many differences are between which: values, or scores; none where there are none."""
        row = self.engine.row(
            "SELECT min(difference) AS low, max(difference) AS high, count(difference) AS n FROM judged"
        )
        low, high = row["low"], row["high"]
        # The difference of two numbers that a double can hold may be one that none can.
        if not row["n"] or not math.isfinite(high - low):
            return []
        if low == high:
            return [(low, high, row["n"])]
        edges = [low + (high - low) * (number / HISTOGRAM_BINS) for number in range(HISTOGRAM_BINS + 1)]
        counts = self._counts("difference", edges[1:-1])
        return list(zip(edges[:-1], edges[1:], counts, strict=True))

    # Text and ranking

    def texts(self) -> Texts | None:
        """Return how far texts are the same."""
        sql = queries.TEXTS.format(p=queries.normalised("p_text"), s=queries.normalised("s_text"))
        row = self.engine.row(sql)
        if not row["records"]:
            return None
        length = {"production": row["p_length"], "shadow": row["s_length"]}
        return Texts(row["exact"], row["normalised"], length)

    def ranking(self) -> Ranking | None:
        """Return how far lists are the same."""
        row = self.engine.row(_RANKING)
        return Ranking(row["first"], row["same"], row["overlap"]) if row["records"] else None

    # Labels

    def truth(self) -> Truth:
        """Return both variants against the labels."""
        row = self.engine.row(
            "SELECT count(label) AS labelled, count(*) FILTER (has_label AND label IS NULL) AS unusable, "
            "count(*) AS records, sum(CASE WHEN p_right THEN 1 ELSE 0 END) AS p, "
            "sum(CASE WHEN s_right THEN 1 ELSE 0 END) AS s FROM judged"
        )
        labelled, unusable = row["labelled"], row["unusable"]
        if unusable:
            self.notes.append(f"{unusable} records have several labels that differ; they count as not labelled")
        if not labelled:
            return Truth(self.labelled_by, 0, unusable)
        if self.detected.task is Task.REGRESSION:
            return self._errors(labelled, unusable)
        right = {"production": row["p"] / labelled, "shadow": row["s"] / labelled}
        if self.detected.task is not Task.CLASSIFICATION:
            return Truth(self.labelled_by, labelled, unusable, right, mcnemar=self._mcnemar())
        counts = self.engine.rows(queries.COUNTS)
        if _cannot_match(counts):
            self.notes.append(
                "labels are names, the predicted classes are numbers: no accuracy; use the classes' numbers"
            )
            return Truth(self.labelled_by, labelled, unusable)
        judged_sides = self._judgements(counts)
        binary = {side: each.binary_f1 for side, each in judged_sides.items()}
        return Truth(
            self.labelled_by,
            labelled,
            unusable,
            {side: each.accuracy for side, each in judged_sides.items()},
            {side: each.macro_f1 for side, each in judged_sides.items()},
            {side: f1 for side, f1 in binary.items() if f1 is not None} if None not in binary.values() else None,
            self._mcnemar(),
        )

    def _mcnemar(self) -> McNemar:
        row = self.engine.row(
            "SELECT count(*) FILTER (p_right AND NOT s_right) AS p, count(*) FILTER (s_right AND NOT p_right) AS s "
            "FROM judged WHERE label IS NOT NULL"
        )
        return mcnemar(row["p"], row["s"])

    def _errors(self, labelled: int, unusable: int) -> Truth:
        row = self.engine.row(queries.ERRORS)
        if not row["labelled"]:
            self.notes.append("no label is a number")
            return Truth(self.labelled_by, labelled, unusable)
        mae, rmse, bias = (
            {"production": row[f"p_{name}"], "shadow": row[f"s_{name}"]} for name in ("mae", "rmse", "bias")
        )
        single = row["labelled"] <= DRAWN_RECORDS
        part = "production * 1000000 + position" if single else f"mod(hash(production), {DRAWN_RECORDS})"
        groups = self.engine.rows(queries.ERROR_GROUPS.format(part=part))
        intervals = error_intervals(groups) if len(groups) > 1 else {}
        return Truth(self.labelled_by, row["labelled"], unusable, mae=mae, rmse=rmse, bias=bias, intervals=intervals)


NUMBER_OF_LABEL: Final = (
    f"CASE WHEN {queries.is_number('label')} AND isfinite(TRY_CAST(label AS DOUBLE)) "
    "THEN TRY_CAST(label AS DOUBLE) "
    "WHEN lower(label) = 'true' THEN 1.0 WHEN lower(label) = 'false' THEN 0.0 END"
)
_EXAMPLES: Final = """
SELECT t.inference_id, t.event_id, t.moment, t.shown, j.position, j.label, j.difference,
       coalesce(j.p_class, left(j.p_text, 300)) AS p_shown, coalesce(j.s_class, left(j.s_text, 300)) AS s_shown
FROM (SELECT * FROM judged WHERE disagreement > 0 ORDER BY disagreement DESC, production, position LIMIT {limit}) j
LEFT JOIN production t ON t.line = j.production ORDER BY j.disagreement DESC, j.production, j.position
"""
_RANKING: Final = f"""
SELECT count(*) AS records, avg(CASE WHEN p[1] = s[1] THEN 1.0 ELSE 0.0 END) AS first,
       avg(CASE WHEN p = s THEN 1.0 ELSE 0.0 END) AS same,
       avg(CASE WHEN array_length(p) + array_length(s) = 0 THEN 1.0 ELSE
           array_length(array_intersect(list_slice(p, 1, {OVERLAP}), list_slice(s, 1, {OVERLAP}))) /
           CAST(greatest(1, least({OVERLAP}, greatest(array_length(p), array_length(s)))) AS DOUBLE) END) AS overlap
FROM (SELECT CASE WHEN p_form = 'items' THEN {queries.texts_of("p_text")} ELSE [p_text] END AS p,
             CASE WHEN s_form = 'items' THEN {queries.texts_of("s_text")} ELSE [s_text] END AS s FROM judged)
"""


def judged(detected: Detected) -> str:
    """Return the statement that makes the table of paired records as the task compares them."""
    task, threshold = detected.task, detected.threshold
    label_value = NUMBER_OF_LABEL
    if task is Task.CLASSIFICATION:
        sides = {side: queries.class_of(f"{side}_number", f"{side}_text", threshold) for side in ("p", "s")}
        label = queries.class_of(f"({label_value})", "label", None)
        score = "coalesce({side}_score, {side}_number)" if threshold is not None else "{side}_score"
    elif task is Task.RANKING:
        first = "CASE WHEN {side}_form = 'items' THEN json_extract_string({side}_text, '$[0]') ELSE {side}_text END"
        sides = {side: first.format(side=side) for side in ("p", "s")}
        label, score = "label", "NULL::DOUBLE"
    else:
        sides = {side: f"{side}_text" for side in ("p", "s")}
        label, score = "label", "{side}_number" if task is Task.REGRESSION else "NULL::DOUBLE"
    kept = "production, shadow, position, p_form, s_form, p_text, s_text"
    values = [f"{side}_{kind}" for side in ("p", "s") for kind in ("score", "value")]
    columns = [
        kept,
        *(f"{expression} AS {side}_found" for side, expression in sides.items()),
        *(f"{score.format(side=side)} AS {side}_score, {side}_number AS {side}_value" for side in ("p", "s")),
        f"CASE WHEN label IS NULL THEN NULL ELSE {label} END AS label, {label_value} AS label_value",
        "has_label",
    ]
    classes = task in {Task.CLASSIFICATION, Task.RANKING}
    found = (
        "p_found AS p_class, s_found AS s_class" if classes else "NULL::VARCHAR AS p_class, NULL::VARCHAR AS s_class"
    )
    difference = "s_value - p_value" if task is Task.REGRESSION else "s_score - p_score"
    far = "abs(s_value - p_value)" if task is Task.REGRESSION else _far(task)
    return (
        f"CREATE TABLE judged AS SELECT {kept}, {', '.join(values)}, label, label_value, has_label, {found}, "
        f"{difference} AS difference, "
        f"coalesce(p_found = s_found, FALSE) AS agreed, coalesce(p_found = label, FALSE) AS p_right, "
        f"coalesce(s_found = label, FALSE) AS s_right, {far} AS disagreement "
        f"FROM (SELECT {', '.join(columns)} FROM labelled)"
    )


def _far(task: Task) -> str:
    measure = "coalesce(abs(s_score - p_score), 0.0)"
    if task is Task.TEXT:
        measure = "abs(length(coalesce(p_text, '')) - length(coalesce(s_text, '')))"
    return f"CASE WHEN coalesce(p_found = s_found, FALSE) THEN 0.0 ELSE 1.0 + {measure} END"


def _redacted(text: str | None) -> str | None:
    return None if text is None else f"({len(text)} characters)"


def _cannot_match(counts: Sequence[Mapping[str, Any]]) -> bool:
    labels = {row["label"] for row in counts if row["label"] is not None}
    classes = {row[name] for row in counts for name in ("p_class", "s_class") if row[name] is not None}
    numeric = [all(bodies.NUMBER.fullmatch(each) for each in names) for names in (labels, classes)]
    any_numeric = [any(bodies.NUMBER.fullmatch(each) for each in names) for names in (labels, classes)]
    return (not any_numeric[0] and numeric[1]) or (numeric[0] and not any_numeric[1])


def _class_rows(confusion: Mapping[tuple[str, str], int], judgements: Mapping[str, Judgement]) -> list[ClassRow]:
    production, shadow, both = dict[str, int](), dict[str, int](), dict[str, int]()
    for (first, second), records in confusion.items():
        production[first] = production.get(first, 0) + records
        shadow[second] = shadow.get(second, 0) + records
        if first == second:
            both[first] = records
    labelled = any(each.records for each in judgements.values())
    rows = []
    for name in {**production, **shadow}:
        scores = {side: each.classes.get(name) for side, each in judgements.items()}
        found = {side: each for side, each in scores.items() if each is not None}
        measures = {
            measure: {side: getattr(each, measure) for side, each in found.items()} if labelled and found else None
            for measure in ("f1", "precision", "recall")
        }
        true = max((each.true for each in found.values()), default=0)
        rows.append(ClassRow(name, production.get(name, 0), shadow.get(name, 0), both.get(name, 0), true, **measures))
    return sorted(rows, key=lambda row: (-row.production - row.shadow, row.name))


def compare(
    engine: Engine, place: str, variants: Variants, *, lines: Mapping[str, LineCounts], pairing: Pairing, wanted: Wanted
) -> PredictionReport:
    """Return the comparison of the pairs."""
    work = Comparison(engine, wanted)
    work.prepare()
    task = work.detected.task
    row = engine.row("SELECT count(*) AS records, sum(CASE WHEN agreed THEN 1 ELSE 0 END) AS agreed FROM judged")
    records = row["records"]
    agreement = share(row["agreed"], records) if records and task is not Task.REGRESSION else None
    hour = "date_trunc('hour', t.moment)"
    joined = "JOIN production t ON t.line = judged.production"
    field_of_request = (
        "coalesce(nullif(CASE WHEN array_length(names) = 1 THEN names[1] ELSE names[judged.position] END, ''), '')"
    )
    by_field = (
        f"JOIN (SELECT line, {queries.texts_of('sliced')} AS names FROM production) t ON t.line = judged.production"
    )
    truth = work.truth() if wanted.labels else None
    slices = work.parts(field_of_request, by_field, SLICES) if wanted.slices else None
    return PredictionReport(
        place,
        variants,
        lines,
        pairing,
        work.detected,
        records,
        agreement,
        classification=work.classification() if records and task is Task.CLASSIFICATION else None,
        regression=work.regression() if records and task is Task.REGRESSION else None,
        text=work.texts() if task is Task.TEXT else None,
        ranking=work.ranking() if task is Task.RANKING else None,
        truth=truth,
        slices=slices,
        over_time=sorted(work.parts(hour, joined, HOURS), key=lambda part: str(part.key or "")) if records else (),
        examples=work.examples(),
        notes=work.notes,
        undecoded=work.undecoded,
    )
