"""Files given to commands, and their errors as one line with the place."""

import sys
from pathlib import Path

from cfn_template import documents
from cfn_template.located import DocumentError
from cfn_template.values import Path as Keys
from inference_experiment_cli.errors import Place, UsageError, unreadable


class Document(documents.Document):
    """A document that a user gave."""

    def place(self, keys: Keys) -> Place:
        """Return the place of a value, for messages."""
        return Place(self.name, self.line(keys), "/".join(map(str, keys)))

    def error(self, keys: Keys, message: str) -> UsageError:
        """Return the error that something at a place cannot be used."""
        return UsageError(message, self.place(keys))


def syntax_error(name: str, error: DocumentError) -> UsageError:
    """Return a fault of a document as one line."""
    return UsageError(error.message, Place(name, error.line))


def read_bytes(path: Path) -> tuple[str, bytes]:
    """Return a file's name for messages ("-" is the standard input) and its content. Raises UsageError."""
    name = "<stdin>" if str(path) == "-" else str(path)
    try:
        return name, sys.stdin.buffer.read() if name == "<stdin>" else path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def read_text(path: Path) -> tuple[str, str]:
    """Return a file's name for messages and its text. Raises UsageError."""
    name, data = read_bytes(path)
    return name, decode(name, data)


def decode(name: str, data: bytes) -> str:
    """Return the text of a file. Raises UsageError."""
    try:
        return documents.decode(data)
    except DocumentError as error:
        raise syntax_error(name, error) from error


def read_document(path: Path) -> Document:
    """Return the document in a file. Raises UsageError."""
    name, text = read_text(path)
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Return the document of a text. Raises UsageError with the line."""
    try:
        document = documents.parse_document(text, name)
    except DocumentError as error:
        raise syntax_error(name, error) from error
    return Document(document.name, document.text, document.value)
