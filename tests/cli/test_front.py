"""The way in and out: options, exit codes, messages, JSON lines, interruption and pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cyclopts import App

from sevenfold._version import __version__
from sevenfold.cli import front
from sevenfold.cli.failures import Terminated
from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import DataError, Fault, LogError


def try_it(kind: str = "", *, options: Options = DEFAULTS) -> None:
    """Do what a test asks for.

    Parameters
    ----------
    kind
        What goes wrong.
    """
    terminal = options.terminal()
    if kind == "data":
        raise DataError(
            "2 rows were refused", [Fault("row 1: amount", "a number", "'x'", "Use a decimal point.")]
        )
    if kind == "log":
        raise LogError("the log is damaged at offset 7")
    if kind == "bug":
        raise KeyError("surprise")
    if kind == "file":
        Path("/no/such/file").read_text()
    if kind == "full":
        raise OSError(28, "No space left on device", "lake/part")
    if kind == "memory":
        raise MemoryError
    if kind in {"ctrl-c", "term"}:
        with terminal.keeping("Everything before it is kept."):
            raise Terminated if kind == "term" else KeyboardInterrupt
    if kind == "early":
        raise KeyboardInterrupt
    terminal.table(["what", "how many"], [("events", 12345), ("rate", 0.25), ("[bold]", None)])
    terminal.result({"home": options.home, "nan": float("nan")})


@pytest.fixture
def commands() -> App:
    app = App(name="sevenfold", print_error=False, exit_on_error=False, result_action="return_value")
    app.suppress_keyboard_interrupt = False
    app.command(try_it, name="try")
    return app


SAID = {
    "data": (2, "2 rows were refused\n  - row 1: amount: expected a number, got 'x'. Use a decimal point."),
    "log": (1, "the log is damaged at offset 7"),
    "file": (
        2,
        "/no/such/file: No such file or directory. Is the path right, seen from the current folder?",
    ),
    "full": (
        1,
        "lake/part: No space left on device. Nothing half-written is left; free some space and run it again.",
    ),
    "memory": (
        1,
        "The machine's memory does not suffice for this; what was written is kept. Try fewer.",
    ),
    "ctrl-c": (130, "Interrupted. Everything before it is kept."),
    "term": (143, "Ended. Everything before it is kept."),
    "early": (130, "Interrupted. Nothing half-written is left behind; run the same command again to go on."),
}


@pytest.mark.parametrize("kind", SAID)
def test_an_error_is_a_message_and_an_exit_code(
    kind: str, commands: App, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = SAID[kind]
    assert front.run(["try", kind], commands) == code
    captured = capsys.readouterr()
    assert captured.err == said + "\n"
    assert captured.out == ""


def test_an_unexpected_error_says_how_to_report_it_and_shows_its_traceback_only_when_asked(
    commands: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(["try", "bug"], commands) == 1
    said = capsys.readouterr().err
    assert said.startswith("sevenfold try met an error that it did not expect: KeyError: 'surprise'\n")
    assert "report it with the output of the same command with --debug" in said
    assert "Traceback" not in said
    assert front.run(["try", "bug", "--debug"], commands) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tri"], 'Unknown command "tri". Did you mean "try"?'),
        (["try", "--home"], 'Command "try" parameter --home requires an argument.\n`sevenfold try --help`'),
        (["try", "--colour"], "Unknown option: --colour."),
    ],
)
def test_wrong_usage_exits_2_and_points_to_help(
    words: list[str], said: str, commands: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(words, commands) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert "--help` shows what it takes." in shown


def test_json_leaves_stdout_to_one_line(commands: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert front.run(["try", "--json", "--home", "here"], commands) == 0
    captured = capsys.readouterr()
    assert captured.out == '{"home": "here", "nan": null}\n'
    assert "12,345" in captured.err


def test_json_tells_errors_too(commands: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert front.run(["try", "data", "--json"], commands) == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": "2 rows were refused",
        "faults": [
            {"where": "row 1: amount", "expected": "a number", "got": "'x'", "hint": "Use a decimal point."}
        ],
        "exit_code": 2,
    }


def test_the_home_comes_from_the_option_else_the_environment_else_the_default(
    commands: App, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def home(*words: str) -> str:
        assert front.run([*words, "--json"], commands) == 0
        return str(json.loads(capsys.readouterr().out)["home"])

    assert home("try") == ".sevenfold"
    monkeypatch.setenv("SEVENFOLD_HOME", "from-environment")
    assert home("try") == "from-environment"
    assert home("try", "--home", "from-option") == "from-option"
    assert home("--home", "before-the-command", "try") == "before-the-command"
    assert home("--home=with-equals", "--debug", "try") == "with-equals"


def test_tables_align_numbers_and_keep_brackets(commands: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert front.run(["try"], commands) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line] == [
        "what     how many",
        "─────────────────",
        "events     12,345",
        "rate       0.2500",
        "[bold]          –",
    ]


def test_no_colour_reaches_a_pipe(commands: App, capsys: pytest.CaptureFixture[str]) -> None:
    front.run(["try", "data"], commands)
    front.run(["try"], commands)
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err


def test_a_reader_that_goes_away_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "sevenfold.cli", "--help"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.returncode == 128 + signal.SIGPIPE
    assert done.stderr == b""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert front.run(["--version"]) == 0
    assert capsys.readouterr().out == f"sevenfold {__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_the_tour_lists_every_command_with_its_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(words) == 0
    shown = capsys.readouterr().out
    rows = [line.strip("│ ") for line in shown.splitlines()]
    for name in front.COMMANDS:
        first = front.app[name].help.splitlines()[0]
        assert front.COMMANDS[name] == first
        assert any(row.startswith(f"{name} ") and row.endswith(first) for row in rows), name


def test_help_loads_no_heavy_library() -> None:
    """What keeps ``sevenfold --help`` quick; the time itself depends on the machine."""
    heavy = {"polars", "numba", "sklearn", "xgboost", "matplotlib", "onnxruntime", "numpy"}
    program = (
        "import sys; from sevenfold.cli import front; front.run(['--help']);"
        f"print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
