"""The library by itself: its README is true, its API is documented, and it knows no product."""

import re
from pathlib import Path

import pytest

import iam_policy
from iam_policy import DocumentKind, Kind, Severity, add_kinds, lint_policy
from iam_policy.parse.embedded import documents_in

LIBRARY = Path(iam_policy.__file__).parent
README = LIBRARY / "README.md"
DISTRIBUTION = "cfn-inference-experiment"  # what is installed
# Names of services, such as sagemaker.amazonaws.com, are in the data of AWS and its corrections only.
PRODUCT = re.compile(r"experiment|shadow|sagemaker|custom resource|\bthe function's\b", re.IGNORECASE)
EXAMPLE = re.compile(r"^```python\n(.*?)^```\n+```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_library_knows_no_product() -> None:
    files = [*LIBRARY.rglob("*.py"), README]
    texts = {str(path.relative_to(LIBRARY)): path.read_text().replace(DISTRIBUTION, "") for path in files}
    lines = [(name, line) for name, text in texts.items() for line in text.splitlines() if PRODUCT.search(line)]

    assert lines == []


def test_the_examples_of_the_readme_print_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    examples = EXAMPLE.findall(README.read_text())
    names: dict[str, object] = {}

    for code, printed in examples:
        exec(code, names)
        assert capsys.readouterr().out == printed
    assert len(examples) >= 3


def test_every_name_of_the_api_has_a_home() -> None:
    assert set(" ".join(iam_policy._HOMES.values()).split()) == set(iam_policy.__all__)


def test_the_readme_describes_every_name_of_the_api() -> None:
    described = set(re.findall(r"`(\w+)[`(]", README.read_text()))

    assert set(iam_policy.__all__) <= described
    assert all(getattr(iam_policy, name).__doc__ for name in iam_policy.__all__ if callable(getattr(iam_policy, name)))


def test_kinds_of_a_caller_are_added_once() -> None:
    with pytest.raises(ValueError, match="unknown-action"):
        add_kinds({"unknown-action": Kind(Severity.INFO, "twice")})


ASSUME = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML"]}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
SERVICE = {"Principal": {"Service": "lambda.amazonaws.com"}}
QUEUE = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "kind", "check"),
    [
        ([ASSUME], DocumentKind.TRUST, "Missing principal"),
        ([{**ASSUME, "Resource": "*"}], DocumentKind.INLINE, ""),
        ([ASSUME, READ], DocumentKind.INLINE, "Missing resource"),
        ([{**ASSUME, "Action": "sts:GetCallerIdentity"}], DocumentKind.INLINE, "Missing resource"),
        ([{**ASSUME, **SERVICE, "Resource": "*"}], DocumentKind.TRUST, "Role trust policy syntax error resource"),
        ([{**QUEUE, **SERVICE}], DocumentKind.INLINE, "Unsupported principal"),
        ([{**READ, **SERVICE}, QUEUE], DocumentKind.INLINE, "Unsupported principal"),
        (
            [{**QUEUE, "Action": ["s3:GetObject", "sqs:SendMessage"], **SERVICE}],
            DocumentKind.INLINE,
            "Unsupported princ",
        ),
    ],
)
def test_what_a_document_is_meant_as(statements: list[object], kind: DocumentKind, check: str) -> None:
    """One that forgets an element, or has one too many, is linted as what the rest of it says."""
    (found,) = documents_in({"Version": "2012-10-17", "Statement": statements})
    checks = [each.analyzer_check for each in lint_policy(iam_policy.read_node(found.node, "p.json", found.kind))]

    assert found.kind is kind
    assert not check or any(each.startswith(check) for each in checks), checks
