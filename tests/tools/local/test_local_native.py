"""A function that was built for another Python or processor: what is said, and what runs all the same."""

import importlib
import importlib.machinery
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_experiment_local.ministack.worker import ForeignExtensions
from inference_experiment_local.native import FOREIGN_BUILD, foreign_build, host_processor

ELF_ARM = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xb7\x00"
ELF_INTEL = b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x3e\x00"
OTHER, OTHER_ELF = ("x86_64", ELF_INTEL) if host_processor() == "aarch64" else ("aarch64", ELF_ARM)
HERE = f"Python {sys.version_info.major}.{sys.version_info.minor} on {host_processor()}"
SUFFIX = next(each for each in importlib.machinery.EXTENSION_SUFFIXES if "cpython" in each)


@pytest.mark.parametrize(
    ("path", "header", "built_for"),
    [
        ("rpds/rpds.cpython-39-aarch64-linux-gnu.so", b"", "Python 3.9 on aarch64"),
        ("a/b.cpython-39-x86_64-linux-musl.so", b"", "Python 3.9 on x86_64"),
        ("a/b.abi3.so", OTHER_ELF, OTHER),
        ("a.libs/libz.so", OTHER_ELF, OTHER),
    ],
)
def test_it_says_for_what_a_package_was_built(path: str, header: bytes, built_for: str) -> None:
    text = foreign_build([("app.py", b""), (path, header)])
    assert text == f"built for {built_for} ({path}), but the local AWS runs functions in {HERE}"
    assert FOREIGN_BUILD.search(f"Runtime.ImportModuleError: {text}\n more")


@pytest.mark.parametrize(
    ("path", "header"),
    [(f"a/b{SUFFIX}", b""), ("a/b.so", b"no ELF"), ("a/b.py", OTHER_ELF)],
)
def test_what_can_run_here_is_not_mentioned(path: str, header: bytes) -> None:
    assert foreign_build([(path, header)]) is None


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a function, as the first place of imports, and an environment with packages of its own."""
    own = tmp_path / "own"
    (own / "both").mkdir(parents=True)
    (own / "both" / "core.py").write_text("VALUE = 'own'\n")
    code = tmp_path / "code"
    for package in ("both", "lone"):
        (code / package).mkdir(parents=True)
        (code / package / "__init__.py").touch()
        (code / package / f"core.cpython-39-{OTHER}-linux-gnu.so").write_bytes(OTHER_ELF)
    monkeypatch.syspath_prepend(str(code))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, ForeignExtensions((str(own),))])
    yield code
    for name in ("both", "both.core", "lone"):
        sys.modules.pop(name, None)


def test_an_extension_of_this_environment_takes_its_place(function: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert importlib.import_module("both.core").VALUE == "own"
    assert "both.core: the function was built for Python 3.9" in capsys.readouterr().err


def test_without_one_the_import_says_why(function: Path) -> None:
    with pytest.raises(ImportError, match=rf"^lone.core: the function was built for Python 3.9 on {OTHER}"):
        importlib.import_module("lone.core")


def test_a_module_that_is_missing_is_missing(function: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'lone\.other'"):
        importlib.import_module("lone.other")
