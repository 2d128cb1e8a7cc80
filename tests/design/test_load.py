"""Designs are found by name and by path, and a broken file is met with its line, never with a traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import sevenfold as sf
from sevenfold.design.load import shipped
from sevenfold.errors import DesignError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
from __future__ import annotations
import sevenfold as sf

class Visit(sf.Event, key="visit_id", time="at"):
    visit_id: str
    at: sf.Timestamp
    person: sf.Entity["someone"]
    where: sf.Category | None = None

design = sf.Design(
    name="visits",
    events=[Visit],
    features=sf.features(n=Visit.count().by(Visit.person).over("1d")),
)
"""


def written(folder: Path, text: str, name: str = "design.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    modules = set(sys.modules)
    with pytest.raises(DesignError) as caught:
        sf.load(path)
    assert set(sys.modules) == modules, "a broken design is not kept"
    text = str(caught.value)
    assert "Traceback" not in text
    return text.replace(str(path.parent), "FOLDER")


def test_shipped_designs_are_found_by_name() -> None:
    assert {"fraud", "handbook"} <= set(shipped())
    for name in shipped():
        design = sf.load(name)
        assert design.name == name
        assert sf.load(name) is design


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        sf.load("frauds")
    known = ", ".join(shipped())
    assert str(caught.value) == (
        "There is no such design\n"
        f"  - design: expected one of {known}, or the path of a .py file, got 'frauds'"
    )


def test_a_file_is_loaded_by_path_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, GOOD)
    assert sf.load(path).name == "visits"
    assert sf.load(str(path)).name == "visits"
    monkeypatch.chdir(tmp_path)
    assert sf.load("design.py").name == "visits"
    assert sf.load("./design.py").name == "visits"
    event = sf.load(path).events["Visit"]
    assert event.__fields__["person"].entity == "someone"


def test_two_files_of_one_name_do_not_share_their_events(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    a = sf.load(written(first, GOOD))
    b = sf.load(written(second, GOOD.replace('name="visits"', 'name="others"')))
    assert (a.name, b.name) == ("visits", "others")
    assert a.events["Visit"] is not b.events["Visit"]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        sf.load(tmp_path / "missing.py")
    assert str(caught.value).endswith("missing.py, which does not exist")
    with pytest.raises(UsageError, match="There is no such design"):
        sf.load(tmp_path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="This is no Python file"):
        sf.load(written(tmp_path, "{}", "design.json"))


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    text = refused(written(tmp_path, "import sevenfold as sf\n\ndesign = sf.Design(name='x'\n"))
    assert text.splitlines()[0] == "FOLDER/design.py, line 3: '(' was never closed"
    assert text.splitlines()[1] == "  - design: expected Python, got design = sf.Design(name='x'"


def test_an_error_of_the_file_names_its_line(tmp_path: Path) -> None:
    text = refused(written(tmp_path, "import sevenfold as sf\n\ndef f():\n    return 1 / 0\n\nx = f()\n"))
    assert text == "FOLDER/design.py, line 4: ZeroDivisionError: division by zero"
    assert refused(written(tmp_path, "import nothing_of_that_name\n")) == (
        "FOLDER/design.py, line 1: ModuleNotFoundError: No module named 'nothing_of_that_name'"
    )


def test_a_fault_of_the_design_names_its_line_and_everything_wrong(tmp_path: Path) -> None:
    broken = GOOD.replace('over("1d")', 'over("1d", "soon")').replace("Visit.person)", "Visit.where)")
    text = refused(written(tmp_path, broken))
    assert text == (
        "FOLDER/design.py, line 14: These features cannot be built\n"
        "  - features.n: window 'soon': expected a positive duration such as '10m', '1h', '7d' or '1d12h', "
        "got 'soon'. Units are ms, s, m, h, d and w\n"
        "  - features.n: expected an entity of Visit in .by(), got where, a category. "
        "Its entities are: someone"
    )


def test_a_fault_of_an_event_names_its_line(tmp_path: Path) -> None:
    text = refused(written(tmp_path, GOOD.replace("visit_id: str", "visit_id: bytes")))
    assert text.splitlines()[0] == "FOLDER/design.py, line 5: The event Visit cannot be declared like this"
    assert "Visit.visit_id: expected sf.Timestamp" in text


def test_a_file_without_a_design_and_with_two(tmp_path: Path) -> None:
    none = refused(written(tmp_path, "import sevenfold as sf\n"))
    assert none == (
        "FOLDER/design.py does not define a design\n"
        "  - design: expected one sf.Design(...), best named design, got none"
    )
    two = GOOD.replace("design = sf", "first = sf") + "second = sf.Design(\n" + GOOD.split("sf.Design(\n")[1]
    assert refused(written(tmp_path, two)).endswith("got 2 designs")
    assert sf.load(written(tmp_path, two + "design = second\n")).name == "visits"
    assert (
        sf.load(written(tmp_path, GOOD.replace("design = sf", "mine = sf") + "also = mine\n")).name
        == "visits"
    )


def test_what_is_no_text_at_all(tmp_path: Path) -> None:
    path = tmp_path / "design.py"
    path.write_bytes(b"\xff\xfe\x00\x01design")
    assert refused(path).startswith("FOLDER/design.py")
