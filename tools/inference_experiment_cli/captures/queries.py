"""The SQL of pairing and comparing, in DuckDB's dialect and in one place, so that it can be translated.

An engine provides the tables `production` and `shadow`: one row per captured line, with line (a number), inference_id,
event_id, moment, request (a hash of the request's body), answer (null where the line has none), sliced and shown; and
`production_records` and `shadow_records`: one row per prediction, with line, position (from 1), form, text, number,
score. `labels` has key, targets (in the file's order) and kinds (1 where all targets are the same).
"""

from typing import Final

from inference_experiment_cli.captures import bodies

WINDOW_SECONDS: Final = 60
"""How far apart the same request may have reached both variants, to be paired by its content."""
EXACT_INTEGER: Final = 1e15
"""Up to here a double holds each integer, so that 1, 1.0 and 1e0 are one class and long identifiers stay apart."""

CREATE_PAIRS: Final = "CREATE TABLE pairs (way VARCHAR, production BIGINT, shadow BIGINT)"
SIDES: Final = ("production", "shadow")

IDENTIFIED: Final = """
SELECT (SELECT count(*) FROM production WHERE inference_id IS NOT NULL) AS production,
       (SELECT count(*) FROM shadow WHERE inference_id IS NOT NULL) AS shadow
"""


def unpaired(side: str, condition: str = "TRUE") -> str:
    """Return the lines of a side that have an answer and no partner yet."""
    return (
        f"SELECT side.* FROM {side} side WHERE answer IS NOT NULL AND ({condition}) "
        f"AND NOT EXISTS (SELECT 1 FROM pairs WHERE pairs.{side} = side.line)"
    )


def pair(way: str, key: str, condition: str, within: str = "TRUE") -> str:
    """Return the statement that pairs lines with the same key, each with one other at most: the first with the first.

    Lines of one key are retries, or the same request at different times.
    """
    ranked = (
        "SELECT line, {key} AS pairing_key, inference_id, moment, row_number() OVER "
        "(PARTITION BY {key} ORDER BY moment, event_id, line) AS place FROM ({lines}) WHERE {key} IS NOT NULL"
    )
    first, second = (ranked.format(key=key, lines=unpaired(side, condition)) for side in SIDES)
    return f"""
INSERT INTO pairs SELECT '{way}', p.line, s.line
FROM ({first}) p JOIN ({second}) s ON p.pairing_key = s.pairing_key AND p.place = s.place WHERE {within}
"""


def pair_unique(way: str, key: str) -> str:
    """Return the statement that pairs lines whose key occurs once on each side, without an order of all lines."""
    keys = [
        f"SELECT {key} AS pairing_key, min(line) AS line FROM {side} WHERE answer IS NOT NULL AND {key} IS NOT NULL "
        "GROUP BY 1 HAVING count(*) = 1"
        for side in SIDES
    ]
    return f"INSERT INTO pairs SELECT '{way}', p.line, s.line FROM ({keys[0]}) p JOIN ({keys[1]}) s USING (pairing_key)"


NEAR: Final = (
    f"(p.moment IS NULL OR s.moment IS NULL OR abs(date_diff('second', p.moment, s.moment)) <= {WINDOW_SECONDS})"
)
SHARED_EVENTS: Final = "SELECT count(*) AS events FROM production p JOIN shadow s USING (event_id)"


def content_key(shift: int | None) -> str:
    """Return the key of a request's content at a time: to the second, or in windows that begin at a shift."""
    seconds = "date_diff('second', TIMESTAMP '2000-01-01 00:00:00', moment)"
    if shift is not None:
        seconds = f"CAST(floor(({seconds} + {shift}) / {2 * WINDOW_SECONDS}.0) AS BIGINT)"
    return f"(CAST(request AS VARCHAR) || ' ' || coalesce(CAST({seconds} AS VARCHAR), ''))"


# Lines with different inferenceIds are different requests, whatever else they share.
NOT_BOTH_IDENTIFIED: Final = "(p.inference_id IS NULL OR s.inference_id IS NULL)"
UNIQUE_INFERENCE_IDS: Final = (pair_unique("inferenceId", "inference_id"),)
# The request beside the identifier first: two requests under one identifier are no retries.
REPEATED_INFERENCE_IDS: Final = (
    pair("inferenceId", "(inference_id || ' ' || CAST(request AS VARCHAR))", "inference_id IS NOT NULL"),
    pair("inferenceId", "inference_id", "inference_id IS NOT NULL"),
)


# Lines without an identifier belong together more probably than one with and one without.
WITHOUT_IDENTIFIERS: Final = ("inference_id IS NULL", "TRUE")
BY_EVENT_ID: Final = tuple(
    pair("eventId", key, f"event_id IS NOT NULL AND {lines}", NOT_BOTH_IDENTIFIED)
    for lines in WITHOUT_IDENTIFIERS
    for key in ("(event_id || ' ' || CAST(request AS VARCHAR))", "event_id")
)
BY_CONTENT: Final = tuple(
    pair("request content", content_key(shift), f"request IS NOT NULL AND {lines}", f"{NOT_BOTH_IDENTIFIED} AND {NEAR}")
    for lines in WITHOUT_IDENTIFIERS
    for shift in (None, 0, WINDOW_SECONDS)
)

PAIRS_BY_WAY: Final = "SELECT way, count(*) AS pairs FROM pairs GROUP BY way ORDER BY pairs DESC, way"
LINES: Final = "SELECT count(*) AS lines, count(answer) AS answered FROM {side}"

COMPARED: Final = """
CREATE TABLE compared AS
SELECT coalesce(p.production, s.production) AS production, coalesce(p.shadow, s.shadow) AS shadow,
       coalesce(p.position, s.position) AS position,
       p.form AS p_form, p.text AS p_text, p.number AS p_number, p.score AS p_score,
       s.form AS s_form, s.text AS s_text, s.number AS s_number, s.score AS s_score
FROM (SELECT pairs.production, pairs.shadow, r.* FROM pairs JOIN production_records r ON r.line = pairs.production) p
FULL JOIN (SELECT pairs.production, pairs.shadow, r.* FROM pairs JOIN shadow_records r ON r.line = pairs.shadow) s
ON p.production = s.production AND p.position = s.position
"""

FORMS: Final = """
SELECT {side}_form AS form, count(*) AS records, count({side}_number) AS numbers,
       min({side}_number) AS least, max({side}_number) AS greatest,
       count(*) FILTER ({side}_number <> floor({side}_number)) AS fractions,
       approx_count_distinct({side}_text) AS kinds, max(length({side}_text)) AS longest,
       avg(length({side}_text) - length(replace({side}_text, ' ', ''))) AS spaces
FROM compared WHERE {side}_form IS NOT NULL GROUP BY {side}_form ORDER BY records DESC, form DESC
"""


def class_of(number: str, text: str, threshold: float | None) -> str:
    """Return the expression of a class as text; with a threshold a number is the score of class 1."""
    if threshold is not None:
        return f"CASE WHEN {number} IS NULL THEN {text} WHEN {number} >= {threshold} THEN '1' ELSE '0' END"
    integer = f"{number} = floor({number}) AND abs({number}) < {EXACT_INTEGER:.0f}"
    return (
        f"CASE WHEN {number} IS NULL THEN {text} WHEN {integer} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) "
        f"WHEN abs({number}) < {EXACT_INTEGER:.0f} THEN CAST({number} AS VARCHAR) ELSE {text} END"
    )


def is_number(text: str) -> str:
    """Return the condition that a text is written as a number."""
    # Digits of other scripts are none: engines differ in what they do with them.
    pattern = bodies.NUMBER.pattern.replace(r"\d", "[0-9]")
    return rf"regexp_matches({text}, '^(?:{pattern})\z')"


def texts_of(document: str) -> str:
    """Return the elements of a JSON list as a list of texts."""
    return f"CAST(json({document}) AS VARCHAR[])"


COUNTS: Final = "SELECT label, p_class, s_class, count(*) AS records FROM judged GROUP BY label, p_class, s_class"
AGREEMENT_BY: Final = """
SELECT {key} AS key, count(*) AS records, sum(CASE WHEN agreed THEN 1 ELSE 0 END) AS agreed,
       count(label) AS labelled,
       sum(CASE WHEN p_right THEN 1 ELSE 0 END) AS p_right, sum(CASE WHEN s_right THEN 1 ELSE 0 END) AS s_right,
       avg(abs(difference)) AS difference
FROM judged {join} GROUP BY 1 ORDER BY records DESC, key LIMIT {limit}
"""
DIFFERENCES: Final = """
SELECT count(difference) AS records, avg(difference) AS mean, stddev_samp(difference) AS deviation,
       avg(abs(difference)) AS mean_absolute, max(abs(difference)) AS greatest, sqrt(avg(difference * difference)) AS
       root_mean_square, corr(p_value, s_value) AS correlation
FROM judged
"""
ERRORS: Final = """
SELECT count(*) AS labelled, avg(abs(p_value - label_value)) AS p_mae, avg(abs(s_value - label_value)) AS s_mae,
       sqrt(avg((p_value - label_value) * (p_value - label_value))) AS p_rmse,
       sqrt(avg((s_value - label_value) * (s_value - label_value))) AS s_rmse,
       avg(p_value - label_value) AS p_bias, avg(s_value - label_value) AS s_bias
FROM judged WHERE label_value IS NOT NULL AND p_value IS NOT NULL AND s_value IS NOT NULL
"""
# Records in groups, by which the bootstrap draws when there are many; in an order that does not depend on the engine.
ERROR_GROUPS: Final = """
SELECT {part} AS part, count(*) AS records,
       sum(abs(p_value - label_value)) AS p_absolute, sum(abs(s_value - label_value)) AS s_absolute,
       sum((p_value - label_value) * (p_value - label_value)) AS p_squared,
       sum((s_value - label_value) * (s_value - label_value)) AS s_squared
FROM judged WHERE label_value IS NOT NULL AND p_value IS NOT NULL AND s_value IS NOT NULL GROUP BY 1
ORDER BY p_absolute, s_absolute, p_squared, s_squared, records
"""
# Kolmogorov's and Smirnov's distance of the two distributions.
DISTANCE: Final = """
SELECT max(abs(p_share - s_share)) AS distance FROM (
  SELECT sum(sum(p)) OVER steps / sum(sum(p)) OVER () AS p_share,
         sum(sum(s)) OVER steps / sum(sum(s)) OVER () AS s_share
  FROM (SELECT p_score AS score, 1.0 AS p, 0.0 AS s FROM judged WHERE p_score IS NOT NULL
        UNION ALL SELECT s_score, 0.0, 1.0 FROM judged WHERE s_score IS NOT NULL)
  GROUP BY score WINDOW steps AS (ORDER BY score ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
"""
TEXTS: Final = """
SELECT count(*) AS records, avg(CASE WHEN p_text = s_text THEN 1.0 ELSE 0.0 END) AS exact,
       avg(CASE WHEN {p} = {s} THEN 1.0 ELSE 0.0 END) AS normalised,
       avg(length(p_text)) AS p_length, avg(length(s_text)) AS s_length
FROM judged
"""


def normalised(text: str) -> str:
    """Return the expression of a text without case, punctuation and superfluous spaces."""
    words = rf"regexp_replace(lower({text}), '[^\p{{L}}\p{{N}}]+', ' ', 'g')"
    return f"trim({words})"
