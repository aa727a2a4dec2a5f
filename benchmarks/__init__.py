"""make bench: costs of this project relative to a peer in the same run.

A measurement alternates between both sides, so that other load on the machine affects both. Its figure is the median of
the ratios of the pairs. The results are docs/benchmarks.md, .json and .svg, and
a record per release in docs/benchmarks/history.json.
"""

import sys
from pathlib import Path

# The protocol driver and the Lambda runtime are parts of the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
