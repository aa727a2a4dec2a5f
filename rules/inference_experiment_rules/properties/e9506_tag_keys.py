from cfn_template.nodes import Node
from inference_experiment import checks, contract
from inference_experiment_rules._base import Problems, Rule, problem
from shadow_test_policies.experiment import Experiment


class TagKeys(Rule):
    """SageMaker rejects reserved and duplicate keys, so the experiment is not created."""

    id = "E9506"
    shortdesc = "Tag key is reserved or duplicate"
    description = (
        "Tag keys must be unique and must not begin with aws: in any letter case. On the custom type "
        "cfn-inference-experiment: is reserved too, for the tag that identifies the stack of an experiment. Keys "
        "that cfn-lint's E3024 reports are not reported again."
    )
    source_url = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html"
    tags = ["sagemaker", "tags"]

    def check(self, experiment: Experiment) -> Problems:
        """Yield the problems of known keys that E3024 does not report."""
        tags = experiment.at("Tags")
        keys = [tag.get("Key") for tag in (tags.items or [] if tags else [])]
        if any(key is None or key.literal is None for key in keys):
            return
        nodes = [key for key in keys if key is not None]
        reserved_by_us = contract.OWNER_TAG.partition(":")[0] + ":"
        for finding in checks.check_tag_keys([str(node.literal) for node in nodes]):
            node = nodes[int(finding.keys[1])]
            applies = not experiment.is_native or not str(node.literal).startswith(reserved_by_us)
            if applies and not self._is_left_to_core(node, nodes):
                yield problem(node, f"{finding.message}; choose another key")

    @staticmethod
    def _is_left_to_core(node: Node, nodes: list[Node]) -> bool:
        same = [other for other in nodes if other.literal == node.literal]
        is_read = all(other.is_plain and not _is_chosen(other) for other in same)
        return str(node.literal).startswith("aws:") or (len(same) > 1 and is_read)


def _is_chosen(key: Node) -> bool:
    """Tell whether the tag is an element that Fn::If chooses, which E3024 does not look into."""
    return "Fn::If" in key.path[key.path.index("Tags") + 2 :]
