"""--registry-type: the names under which the registry type is registered beside its usual one."""

from collections.abc import Sequence

from inference_experiment_cli.errors import UsageError


def _names(given: Sequence[str] | None) -> list[str]:
    from shadow_test_policies import registry_type  # noqa: PLC0415 - with all about policies, which is slow to import

    names = [name.strip() for each in given or () for name in each.split(",")]
    for name in names:
        problem = registry_type.wrong_type_name(name)
        if problem:
            raise UsageError(f"--registry-type {name}: {problem}")
    return names


def registry_types(given: Sequence[str] | None) -> frozenset[str]:
    """Return all names of the registry type, with those of an option. Raises UsageError."""
    from shadow_test_policies import registry_type  # noqa: PLC0415 - see above

    return registry_type.registry_types(_names(given))


def further_types(given: Sequence[str] | None) -> frozenset[str]:
    """Return the names of an option, with the usual one where there are any. Raises UsageError."""
    return registry_types(given) if given else frozenset()


def registry_name(given: Sequence[str] | None) -> str:
    """Return the name to write: that of an option, or the usual one. Raises UsageError for several."""
    from shadow_test_policies import registry_type  # noqa: PLC0415 - see above

    names = list(dict.fromkeys(_names(given)))
    if len(names) > 1:
        raise UsageError(f"--registry-type: choose one of {', '.join(names)}")
    return names[0] if names else registry_type.REGISTRY_TYPE
