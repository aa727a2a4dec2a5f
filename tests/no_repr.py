"""Messages are for people: none shows a Python dict, list, None or bool as Python writes it."""

from typing import Final

REPRESENTATIONS: Final = ("{'", "['", "None must", "True must", "False must", "<class", "<inference_experiment")


def assert_no_repr(text: str) -> None:
    """Fail where a message has the representation of a Python value."""
    shown = [part for part in REPRESENTATIONS if part in text]
    assert not shown, f"{shown} in {text}"
