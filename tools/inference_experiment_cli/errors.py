"""Errors that end a command with one line."""


class UsageError(Exception):
    """What the user gave cannot be used: a missing file, a broken template, a port that is taken. Exit code 2."""
