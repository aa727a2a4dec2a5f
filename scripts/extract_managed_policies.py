"""Write the AWS-managed policies that moto ships to the data of iam_policy.

Run after an update of moto: `python -m scripts.extract_managed_policies`. moto is read, not imported. The policies that
are common on the roles of functions and experiments are a JSON file, which is read fast; all others are compressed.
"""

import json
import lzma
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parents[1] / "lib" / "iam_policy" / "service_data" / "data"
COMMON: Final = DATA / "managed_policies.json"
OTHERS: Final = DATA / "other_managed_policies.json.xz"

# Policies that are common on roles of functions, of experiments and of deployments.
NAMES: Final = frozenset(
    {
        "AdministratorAccess",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonSageMakerFullAccess",
        "AmazonSageMakerReadOnly",
        "AmazonSQSFullAccess",
        "AWSCloudFormationFullAccess",
        "AWSLambda_FullAccess",
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "CloudWatchFullAccess",
        "CloudWatchLambdaInsightsExecutionRolePolicy",
        "CloudWatchLogsFullAccess",
        "DataScientist",
        "IAMFullAccess",
        "PowerUserAccess",
    }
)


def all_policies() -> dict[str, Any]:
    """Return every policy of moto by name. Raises ModuleNotFoundError without moto."""
    package = find_spec("moto")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("moto is not installed")
    source = (Path(package.origin).parent / "iam" / "aws_managed_policies.py").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(source.split('"""')[1])
    return loaded


def extract(*, common: bool) -> dict[str, Any]:
    """Return the content of one of the data files."""
    chosen = {
        name: {
            "path": policy["Path"],
            "version": policy["DefaultVersionId"],
            "date": policy["UpdateDate"][:10],
            "document": policy["Document"],
        }
        for name, policy in all_policies().items()
        if (name in NAMES) is common
    }
    return {"source": f"moto {version('moto')}", "policies": chosen}


if __name__ == "__main__":
    COMMON.write_text(json.dumps(extract(common=True), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    OTHERS.write_bytes(lzma.compress(json.dumps(extract(common=False), sort_keys=True).encode(), preset=9))
