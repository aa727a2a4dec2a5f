"""A representative sample of the crash matrix; `make faults` runs all of it."""

from collections.abc import Iterator

import pytest
from crash_matrix import FOR_GOOD, ONCE, ROOT, WHOLE, Case, Matrix
from fault_edge import KINDS, PUT_RESPONSE
from operations_under_fault import OPERATIONS

from protocol_driver.cloud import ProtocolCloud

pytestmark = pytest.mark.slow

# Operation -> the call that matters most in it: the first one that changes something.
CHANGES = {
    "create": "CreateInferenceExperiment",
    "update in place": "UpdateInferenceExperiment",
    "start": "StartInferenceExperiment",
    "stop with promotion": "StopInferenceExperiment",
    "replacement": "CreateInferenceExperiment",
    "delete": "DeleteInferenceExperiment",
}
SAMPLE = [
    *(
        (operation, call, kind, ONCE if kind.startswith("killed") else WHOLE)
        for operation, call in CHANGES.items()
        for kind in KINDS
    ),
    ("create", "SendMessage", "timed out after", WHOLE),
    ("create", PUT_RESPONSE, "killed after", ONCE),
    ("create", PUT_RESPONSE, "denied", FOR_GOOD),
    ("create", "CreateInferenceExperiment", "denied", FOR_GOOD),
    ("create, name taken", "DescribeInferenceExperiment", "killed after", ONCE),
    ("create, overtaken by rollback", "DeleteInferenceExperiment", "killed after", ONCE),
    ("replacement, rolled back", "StopInferenceExperiment", "timed out after", WHOLE),
    ("replacement, derived name, rolled back", "ListInferenceExperiments", "server error", WHOLE),
]


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with ProtocolCloud(task_root=ROOT / "src") as cloud:
        yield Matrix(cloud)


@pytest.fixture(scope="module")
def calls(matrix: Matrix) -> dict[str, list[str]]:
    """Operation -> its calls when nothing fails."""
    return {operation.name: matrix.calls(operation) for operation in OPERATIONS}


@pytest.mark.parametrize(("operation", "call", "kind", "extent"), SAMPLE, ids=[" / ".join(each) for each in SAMPLE])
def test_survives(
    matrix: Matrix, calls: dict[str, list[str]], operation: str, call: str, kind: str, extent: str
) -> None:
    result = matrix.run(Case(operation, calls[operation].index(call), call, kind, extent))

    assert result.breaches == (), result.status
