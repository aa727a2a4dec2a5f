"""The figures of a comparison against scikit-learn and SciPy, on the data sets that scikit-learn ships."""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from captured_lines import PRODUCTION, SHADOW, both, captures, compared, half, line, npy, write
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, mean_absolute_error, root_mean_squared_error
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier


def write_labels(folder: Path, labels: Sequence[Any], keys: Sequence[Any] | None = None) -> Path:
    path = folder / "labels.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "target"])
        writer.writerows(zip(keys or [f"request-{at}" for at in range(len(labels))], labels, strict=True))
    return path


@pytest.fixture(scope="module")
def iris() -> tuple[Any, Any, Any, Any]:
    data = load_iris()
    production = GaussianNB().fit(data.data[::3], data.target[::3])
    shadow = DecisionTreeClassifier(max_depth=2, random_state=0).fit(data.data[1::3], data.target[1::3])
    return data, data.target, production.predict(data.data), shadow.predict(data.data)


def test_classes_of_iris(tmp_path: Path, iris: tuple[Any, Any, Any, Any]) -> None:
    data, target, production, shadow = iris
    names = data.target_names
    both(tmp_path, [names[each] for each in production], [half(json.dumps(names[each]), "JSON") for each in shadow])
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, [names[each] for each in target])))

    assert found["task"] == "classification"
    assert found["agreement"] == pytest.approx(accuracy_score(production, shadow))
    assert found["accuracy"]["production"] == pytest.approx(accuracy_score(target, production))
    assert found["accuracy"]["shadow"] == pytest.approx(accuracy_score(target, shadow))
    assert found["f1_macro"]["shadow"] == pytest.approx(f1_score(target, shadow, average="macro"))
    cells = {(first, second): count for first, second, count in found["classification"]["confusion"]}
    expected = confusion_matrix(production, shadow)
    assert cells == {(names[i], names[j]): expected[i, j] for i in range(3) for j in range(3) if expected[i, j]}
    per_class = {each["name"]: each["f1"]["production"] for each in found["classification"]["classes"]}
    scores = f1_score(target, production, average=None)
    assert per_class == pytest.approx(dict(zip(names, scores, strict=True)))


def test_mcnemar_s_test_on_digits(tmp_path: Path) -> None:
    data = load_digits()
    production = GaussianNB().fit(data.data[::2], data.target[::2]).predict(data.data)
    shadow = (
        DecisionTreeClassifier(max_depth=6, random_state=0).fit(data.data[::2], data.target[::2]).predict(data.data)
    )
    both(tmp_path, [str(each) for each in production], [f"{each}.0\n" for each in shadow])
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, list(data.target))))

    only = [
        int(((one == data.target) & (other != data.target)).sum())
        for one, other in ((production, shadow), (shadow, production))
    ]
    assert (found["mcnemar"]["production_only"], found["mcnemar"]["shadow_only"]) == tuple(only)
    assert found["mcnemar"]["p_value"] == pytest.approx(stats.binomtest(only[1], sum(only), 0.5).pvalue)
    assert found["agreement"] == pytest.approx(accuracy_score(production, shadow))


def test_scores_of_breast_cancer(tmp_path: Path) -> None:
    data = load_breast_cancer()
    scaled = StandardScaler().fit_transform(data.data)
    models = [LogisticRegression(C=strength).fit(scaled[::2], data.target[::2]) for strength in (1.0, 0.001)]
    production, shadow = (model.predict_proba(scaled)[:, 1] for model in models)
    both(
        tmp_path,
        [f"{each:.9f}" for each in production],
        [half(json.dumps([round(float(each), 9)]), "JSON") for each in shadow],
    )
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, list(data.target))))

    classes = [each >= 0.5 for each in (production, shadow)]
    assert (found["task"], found["threshold"]) == ("classification", 0.5)
    assert found["agreement"] == pytest.approx(accuracy_score(*classes))
    for side, each in zip(("production", "shadow"), classes, strict=True):
        assert found["accuracy"][side] == pytest.approx(accuracy_score(data.target, each))
        assert found["f1_binary"][side] == pytest.approx(f1_score(data.target, each))
        assert found["f1_macro"][side] == pytest.approx(f1_score(data.target, each, average="macro"))
    drift = next(each for each in found["classification"]["drift"] if each["of"] == "scores")
    assert drift["ks"] == pytest.approx(stats.ks_2samp(production.round(9), shadow.round(9)).statistic)
    assert drift["psi"] == pytest.approx(stability_index(production, shadow), rel=1e-6)


def stability_index(first: Any, second: Any) -> float:
    edges = [-np.inf, *np.quantile(first, np.arange(0.1, 1, 0.1)), np.inf]
    shares = [np.maximum(np.histogram(each, edges)[0] / len(each), 1e-4) for each in (first, second)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def test_regression_on_diabetes(tmp_path: Path) -> None:
    data = load_diabetes()
    production = LinearRegression().fit(data.data[::2], data.target[::2]).predict(data.data)
    shadow = Ridge(alpha=1.0).fit(data.data[::2], data.target[::2]).predict(data.data)
    both(tmp_path, [repr(float(each)) for each in production], [half(npy([each]), "BASE64") for each in shadow])
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, list(data.target))))

    difference = shadow - production
    assert (found["task"], found["agreement"]) == ("regression", None)
    regression = found["regression"]
    assert regression["mean"] == pytest.approx(difference.mean())
    assert regression["mean_absolute"] == pytest.approx(np.abs(difference).mean())
    assert regression["correlation"] == pytest.approx(np.corrcoef(production, shadow)[0, 1])
    assert regression["quantiles"]["0.95"] == pytest.approx(np.quantile(difference, 0.95))
    assert sum(count for _, _, count in regression["histogram"]) == len(difference)
    for side, each in (("production", production), ("shadow", shadow)):
        assert found["mae"][side] == pytest.approx(mean_absolute_error(data.target, each))
        assert found["rmse"][side] == pytest.approx(root_mean_squared_error(data.target, each))
    interval = found["intervals"]["rmse_difference"]
    assert interval["estimate"] == pytest.approx(found["rmse"]["shadow"] - found["rmse"]["production"])
    assert interval["low_95"] < interval["estimate"] < interval["high_95"]
    low, high = bootstrap(data.target, production, shadow)
    assert (interval["low_95"], interval["high_95"]) == pytest.approx((low, high), abs=0.15 * (high - low))


def bootstrap(target: Any, production: Any, shadow: Any) -> tuple[float, float]:
    def difference(true: Any, first: Any, second: Any) -> float:
        return float(root_mean_squared_error(true, second) - root_mean_squared_error(true, first))

    result = stats.bootstrap(
        (target, production, shadow),
        difference,
        paired=True,
        vectorized=False,
        n_resamples=999,
        method="percentile",
        rng=1,
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def test_one_record_has_errors_and_no_interval(tmp_path: Path) -> None:
    both(tmp_path, ["1.5"], ["1.0"])
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, [1])), "--task", "regression")

    assert found["rmse"] == {"production": 0.5, "shadow": 0}
    assert found["intervals"] == {}


def test_values_that_are_no_numbers_are_left_out_of_a_regression_and_said(tmp_path: Path) -> None:
    values = [("1.5", "1.25"), ("20.5", "nan"), ("300.5", half("[Infinity]", "JSON")), ("4.5", "4.5"), ("-7.5", "-7")]
    found = compared(both(tmp_path, [first for first, _ in values], [second for _, second in values]))

    assert (found["task"], found["pairs"]) == ("regression", 5)
    assert (found["regression"]["records"], found["regression"]["without_number"]) == (3, 2)
    assert found["regression"]["mean"] == pytest.approx((-0.25 + 0 + 0.5) / 3)


def test_the_form_of_aws_s_example(tmp_path: Path, iris: tuple[Any, Any, Any, Any]) -> None:
    """Arrays in BASE64, and an inference_id that is the index of the row, which the labels have as a number."""
    data, target, production, shadow = iris
    for variant, answers in ((PRODUCTION, production), (SHADOW, shadow)):
        lines = [
            line(half(npy([answer]), "BASE64", "application/x-npy"), str(at), event=f"{variant}-{at}",
                 request=half(npy([row]), "BASE64", "application/x-npy"))
            for at, (row, answer) in enumerate(zip(data.data, answers, strict=True))
        ]  # fmt: skip
        for part in range(0, len(lines), 40):
            write(tmp_path, variant, lines[part : part + 40], f"2026/11/20/{part // 40:02}/file.jsonl")
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, list(target), list(range(len(target))))))

    assert (found["pairs"], found["paired_by"]) == (150, "inferenceId")
    for side, each in (("production", production), ("shadow", shadow)):
        assert found["accuracy"][side] == pytest.approx(accuracy_score(target, each))
        assert found["f1_macro"][side] == pytest.approx(f1_score(target, each, average="macro"))


PRINTED = {
    "classes": (["a", "b"], ["a", "a"], "a", ("F1, macro", "only one is right", "Confusion", "Slices")),
    "scores": (["0.2", "0.7"], ["0.3", "0.4"], "1", ("drift of scores  PSI", "F1 of class 1", "KS 0.5")),
    "values": (["1.5", "7.25"], ["2.5", "7.75"], "3", ("difference, mean", "RMSE, shadow less production", "50% 0.75")),
    "texts": (
        ["A long text, of many words", "Another one of such a kind"],
        ["A long text of many words.", "Something else altogether here"],
        "x",
        ("same text", "length, characters", "50.00%"),
    ),
    "lists": ([half('["a", "b"]', "JSON")] * 2, [half('["b", "a"]', "JSON")] * 2, "a", ("same order", "100.00%")),
}


@pytest.mark.parametrize(("production", "shadow", "label", "figures"), PRINTED.values(), ids=PRINTED)
def test_the_terminal_and_the_page_have_the_figures_of_each_task(
    tmp_path: Path, production: list[Any], shadow: list[Any], label: str, figures: tuple[str, ...]
) -> None:
    both(tmp_path, production, shadow, request=half('{"country": "NZ"}', "JSON"))
    labels = write_labels(tmp_path, [label] * 2)
    for style in ("table", "html"):
        shown = captures(tmp_path, "--labels", str(labels), "--slice", "country", "--format", style)
        assert shown.returncode == 0, shown.stderr
        text = re.sub(r"<[^>]+>", "  ", shown.stdout)
        for figure in ("NZ", *figures):
            assert re.search(re.escape(figure).replace(r"\ \ ", r"\s+"), text), figure


def test_a_tie_of_forms_is_decided_the_same_way_every_time(tmp_path: Path) -> None:
    """A text with a comma looks like a row of items; as many that are texts make all of them texts."""
    answers = ["The quick brown fox jumps over it.", "Another text that is long, is it not?"]
    both(tmp_path, answers, answers)

    assert {compared(tmp_path)["task"] for _ in range(8)} == {"text"}


# Labels


def labelled(folder: Path, name: str, text: str | bytes, *options: str) -> Any:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return compared(folder, "--labels", str(path), *options)


def numbered(folder: Path, production: Sequence[Any], shadow: Sequence[Any]) -> None:
    for variant, answers in ((PRODUCTION, production), (SHADOW, shadow)):
        write(folder, variant, [line(answer, str(at)) for at, answer in enumerate(answers)])


FORMS = {
    "text.csv": "id,target\n0,1\n1,0\n2,1\n",
    "decimals.csv": "id,target\n0.0,1.0\n1.0,0.0\n2.0,1.0\n",
    "quoted.csv": '"id","target"\r\n"0","1"\r\n"1","0"\r\n"2","1"\r\n',
    "mark.csv": b"\xef\xbb\xbfid,target\n0,1\n1,0\n2,1\n",
    "spaces.csv": "id,other,target\n0,x, 1\n1,y, 0\n2,z, 1 \n",
    "numbers.jsonl": '{"id": 0, "target": 1}\n{"id": 1, "target": 0}\n{"id": 2, "target": 1}\n',
    "texts.jsonl": '{"id": "0", "target": "1"}\n{"id": "1", "target": "0"}\n{"id": "2", "target": "1.0"}\n',
    "mixed.jsonl": '{"id": 0, "target": true}\n{"id": "1", "target": false}\n{"id": 2.0, "target": 1}\n',
    "array.json": '[{"id": 0, "target": 1}, {"id": 1, "target": 0}, {"id": 2, "target": 1}]',
}


@pytest.mark.parametrize("name", FORMS)
def test_labels_in_any_form(tmp_path: Path, name: str) -> None:
    numbered(tmp_path, ["1", "1", "1"], ["1", "0", "0"])
    found = labelled(tmp_path, name, FORMS[name])

    assert found["labelled"] == 3
    # All digits: who compares with a division of their own gets the same.
    assert found["accuracy"] == {"production": 2 / 3, "shadow": 2 / 3}


def test_labels_in_parquet(tmp_path: Path) -> None:
    numbered(tmp_path, ["1", "1"], ["1", "0"])
    path = tmp_path / "labels.parquet"
    duckdb.sql("SELECT range::DOUBLE AS number, (range = 0) AS truth FROM range(2)").write_parquet(str(path))
    found = compared(tmp_path, "--labels", str(path), "--label-key", "number", "--label-column", "truth")

    assert found["accuracy"] == {"production": 0.5, "shadow": 1}


def test_labels_that_are_missing_repeated_or_contradictory(tmp_path: Path) -> None:
    numbered(tmp_path, ["1", "1", "1", "1", "1"], ["0", "0", "0", "0", "0"])
    found = labelled(tmp_path, "labels.csv", "id,target\n0,1\n1,0\n1,0\n2,1\n2,0\n3,\n9,1\n")

    assert (found["labelled"], found["unusable"]) == (2, 1)
    assert found["accuracy"] == {"production": 0.5, "shadow": 0.5}
    assert found["pairs"] == 5


def test_labels_of_several_records_are_in_their_order(tmp_path: Path) -> None:
    for variant, answer in ((PRODUCTION, "1\n0\n1"), (SHADOW, half("[1, 1, 0]", "JSON"))):
        write(tmp_path, variant, [line(answer, "batch", request="1\n2\n3")])
    found = labelled(tmp_path, "labels.csv", "id,target\nbatch,1\nbatch,0\nbatch,0\n")

    assert found["accuracy"] == pytest.approx({"production": 2 / 3, "shadow": 2 / 3})


def test_labels_by_event_id(tmp_path: Path) -> None:
    write(tmp_path, PRODUCTION, [line("1", event="e1"), line("0", event="e2")])
    write(tmp_path, SHADOW, [line("1", event="e1"), line("1", event="e2")])
    found = labelled(tmp_path, "labels.csv", "id,target\ne1,1\ne2,1\n")

    assert (found["labelled_by"], found["accuracy"]) == ("eventId", {"production": 0.5, "shadow": 1})


def test_names_cannot_be_compared_with_numbers(tmp_path: Path) -> None:
    numbered(tmp_path, ["1", "0"], ["1", "0"])
    found = labelled(tmp_path, "labels.csv", "id,target\n0,cat\n1,dog\n")

    assert found["accuracy"] is None
    assert "labels are names" in found["notes"][0]


REFUSED = {
    "a column": ("labels.csv", "key,target\n1,2\n", "no column id; there are key, target: pass --label-key"),
    "a suffix": ("labels.txt", "id,target\n1,2\n", "ends with one of .csv"),
    "an encoding": ("labels.csv", b"id,target\n1,\xe9\xe8\n", "the labels cannot be read"),
    "nothing": ("labels.csv", "", ""),
    "no JSON": ("labels.jsonl", "{id: 1\n", "the labels cannot be read"),
}


@pytest.mark.parametrize(("name", "text", "message"), REFUSED.values(), ids=REFUSED)
def test_labels_that_cannot_be_read(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    numbered(tmp_path, ["1"], ["1"])
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    answer = captures(tmp_path, "--labels", str(path))

    assert answer.returncode == 2
    assert message in answer.stderr


# Other tasks


def test_texts(tmp_path: Path) -> None:
    production = ["The cat sat on the mat.", "A dog!", "It is a fine day, today, and so on.", "same text here, again"]
    shadow = ["the cat  sat on the mat", "A dog!", "It is a bad day, today, and so on.", "same text here, again"]
    both(
        tmp_path,
        [half(json.dumps({"generated_text": each}), "JSON") for each in production],
        [half(json.dumps([{"generated_text": each}]), "JSON") for each in shadow],
    )
    found = compared(tmp_path)

    assert found["task"] == "text"
    assert (found["agreement"], found["text"]["exact"], found["text"]["normalised"]) == (0.5, 0.5, 0.75)


def test_plain_text_is_one_record_whatever_is_in_it(tmp_path: Path) -> None:
    text = half("One, two\nthree, four", "TEXT", "text/plain")
    found = compared(both(tmp_path, [text], [text]), "--task", "text")

    assert (found["records"], found["agreement"]) == (1, 1)


def test_rankings(tmp_path: Path) -> None:
    production = [["a", "b", "c"], ["a", "b", "c"], ["x", "y"]]
    shadow = [["a", "b", "c"], ["b", "a", "d"], ["x", "z"]]
    both(
        tmp_path,
        [half(json.dumps({"items": each}), "JSON") for each in production],
        [half(json.dumps({"items": each}), "JSON") for each in shadow],
    )
    found = compared(tmp_path, "--labels", str(write_labels(tmp_path, ["a", "b", "x"])))

    assert (found["task"], found["agreement"]) == ("ranking", pytest.approx(2 / 3))
    assert found["ranking"]["same_order"] == pytest.approx(1 / 3)
    assert found["ranking"]["overlap"] == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    assert found["accuracy"] == pytest.approx({"production": 2 / 3, "shadow": 1})


def test_the_task_that_is_given_counts(tmp_path: Path) -> None:
    both(tmp_path, ["1", "2", "3"], ["1", "2", "5"])

    assert compared(tmp_path)["agreement"] == pytest.approx(2 / 3)
    assert compared(tmp_path, "--task", "regression")["regression"]["mean"] == pytest.approx(2 / 3)


def test_slices_by_a_member_and_by_a_column(tmp_path: Path) -> None:
    requests = [half(json.dumps({"country": country, "x": 1}), "JSON") for country in ("NZ", "NZ", "CH")]
    for variant, answers in ((PRODUCTION, "101"), (SHADOW, "111")):
        write(tmp_path, variant, [line(a, str(at), request=requests[at]) for at, a in enumerate(answers)])
    found = compared(tmp_path, "--slice", "country")["slices"]

    assert [(each["key"], each["records"], each["agreement"]) for each in found] == [("NZ", 2, 0.5), ("CH", 1, 1)]


def test_slices_by_a_column_of_each_record(tmp_path: Path) -> None:
    both(tmp_path, ["1\n0"], ["1\n1"], request="NZ,1\nCH,2")
    found = compared(tmp_path, "--slice", "0")["slices"]

    assert {each["key"]: each["agreement"] for each in found} == {"NZ": 1, "CH": 0}


def test_the_largest_disagreements_can_be_redacted(tmp_path: Path) -> None:
    both(tmp_path, ["0.9", "0.9", "0.1"], ["0.8", "0.1", "0.4"], request="secret,1")
    shown = compared(tmp_path)["disagreements"]

    assert [(each["identifier"], each["difference"]) for each in shown] == [("request-1", -0.8)]
    assert shown[0]["request"] == "secret,1"
    for style in ("json", "table", "html"):
        assert "secret" in captures(tmp_path, "--format", style).stdout
        assert "secret" not in captures(tmp_path, "--redact", "--format", style).stdout
