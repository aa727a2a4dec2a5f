"""Write data/managed_policies.json from the AWS-managed policies that moto ships.

Run after an update of moto: `python -m scripts.extract_managed_policies`. moto is read, not imported.
"""

import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

TARGET: Final = Path(__file__).parents[1] / "lib" / "iam_policy" / "service_data" / "data" / "managed_policies.json"

# Policies that are common on roles of functions, of experiments and of deployments.
NAMES: Final = (
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
)


def all_policies() -> dict[str, Any]:
    """Return every policy of moto by name. Raises ModuleNotFoundError without moto."""
    package = find_spec("moto")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("moto is not installed")
    source = (Path(package.origin).parent / "iam" / "aws_managed_policies.py").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(source.split('"""')[1])
    return loaded


def extract() -> dict[str, Any]:
    """Return the content of the data file."""
    policies = all_policies()
    chosen = {
        name: {
            "path": policies[name]["Path"],
            "version": policies[name]["DefaultVersionId"],
            "date": policies[name]["UpdateDate"][:10],
            "document": policies[name]["Document"],
        }
        for name in NAMES
    }
    return {"source": f"moto {version('moto')}", "policies": chosen}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(extract(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
