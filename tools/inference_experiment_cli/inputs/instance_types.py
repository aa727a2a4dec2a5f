"""The instance types of SageMaker hosting, from cfn-lint's data: importing cfn-lint itself takes half a second."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Final

DATA: Final = "data/schemas/extensions/aws_sagemaker_hosting/instancetype_enum.json"


@cache
def hosting_instance_types() -> frozenset[str]:
    """Return the instance types of any region; empty when they are not known."""
    spec = importlib.util.find_spec("cfnlint")
    path = Path(spec.origin).parent / DATA if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        return frozenset()
    listed = json.loads(path.read_text(encoding="utf-8"))
    regions = (entry for name, entry in listed.items() if "-" in name and isinstance(entry, dict))
    return frozenset(name for entry in regions for name in entry.get("enum", ()))
