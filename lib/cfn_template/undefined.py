"""What functions refer to and the template does not have: CloudFormation refuses such a template."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from cfn_template.language_extensions import FOR_EACH
from cfn_template.language_extensions import TRANSFORM as LANGUAGE_EXTENSIONS
from cfn_template.parameters import PSEUDO
from cfn_template.template import TemplateView
from cfn_template.values import NO_VALUE, SUB_VARIABLE, TRANSFORM, Raw, function_of, keys_of, values_beneath

SERVERLESS: Final = "AWS::Serverless"
MODULE: Final = "::MODULE"
TRANSFORMS: Final = frozenset({"AWS::Serverless-2016-10-31", LANGUAGE_EXTENSIONS})
PREDEFINED: Final = frozenset({*PSEUDO, NO_VALUE})
_SECTIONS: Final = {
    "condition": ("Conditions",),
    "mapping": ("Mappings",),
    "parameter or resource": ("Parameters", "Resources"),
    "resource": ("Resources",),
}


def may_gain(view: TemplateView, *sections: str) -> bool:
    """Tell whether a macro, or a loop over what is not known, may add members to sections of a template."""
    transforms = view.template.get("Transform")
    listed = transforms if isinstance(transforms, list) else [transforms] if transforms else []
    known = all(str(each) in TRANSFORMS for each in listed)
    return not known or any(key == TRANSFORM or key.startswith(FOR_EACH) for key in _keys(view, sections))


def _keys(view: TemplateView, sections: Iterable[str]) -> list[str]:
    return [key for section in sections for key in keys_of(view.template.get(section))]


def undefined(view: TemplateView, raw: Raw) -> Iterator[str]:
    """Yield a message for each name in the functions beneath a raw value that the template certainly does not have."""
    values = list(values_beneath(raw))
    if any(str(key).startswith(FOR_EACH) for value in values if isinstance(value, dict) for key in value):
        return  # the variable of a loop is a name too
    for value in values:
        function, argument = function_of(value) or ("", None)
        for kind, name in dict.fromkeys(_names(function, argument)):
            known = _keys(view, _SECTIONS[kind])
            is_generated = kind.endswith("resource") and _is_generated(view, name)
            if name in known or is_generated or may_gain(view, *_SECTIONS[kind]):
                continue
            near = get_close_matches(name, PREDEFINED if name.startswith("AWS::") else known, 1)
            yield f"the template has no {kind} {name}" + (f"; did you mean {near[0]}?" if near else "")


def _names(function: str, argument: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - of any shape
    """Yield what a function refers to, by kind and name."""
    first, *others = argument if isinstance(argument, list) and argument else [argument]
    if not isinstance(first, str):
        return
    if function == "Ref" and first not in PREDEFINED:
        yield "parameter or resource", first
    elif function == "Fn::GetAtt":
        yield "resource", first.partition(".")[0]
    elif function == "Fn::If":
        yield "condition", first
    elif function == "Fn::FindInMap" and len(others) == 2:  # noqa: PLR2004 - without a default value
        yield "mapping", first
    elif function == "Fn::Sub":
        own: Collection[Any] = others[0] if others and isinstance(others[0], dict) else ()
        names = [name.strip() for name in SUB_VARIABLE.findall(first)]
        yield from (_of_text(name) for name in names if name not in own and name not in PREDEFINED)


def _of_text(name: str) -> tuple[str, str]:
    resource, separator, _ = name.partition(".")
    return ("resource", resource) if separator else ("parameter or resource", name)


def _is_generated(view: TemplateView, name: str) -> bool:
    """Tell whether SAM or a module may bring a resource of this name, which begins with that of one in the template."""
    serverless = [each for each in view.resources if view.type_of(each).startswith(SERVERLESS)]
    modules = [each for each in view.resources if view.type_of(each).endswith(MODULE)]
    return name.startswith((*serverless, *modules)) or (bool(serverless) and name.startswith("Serverless"))
