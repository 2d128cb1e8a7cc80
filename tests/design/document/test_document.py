"""The document: every number on the page is looked up again at the address that it bears."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.cli import front
from sevenfold.design.document.gather import gather
from sevenfold.design.document.render import as_html, as_markdown
from sevenfold.design.home import Home
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.document.sources import Sources

DESIGN = '''
import sevenfold as sf
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.problem.problem import ServiceLevels


class Order(sf.Event, key="order_id", time="at"):
    """An order <script>alert(1)</script> of 3 things."""

    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    total: sf.Money


class Return(sf.Event, key="return_id", time="at"):
    """It came back."""

    return_id: str
    at: sf.Timestamp
    order_id: str


design = sf.Design(
    name="orders",
    events=[Order, Return],
    problem=sf.Problem(
        goal="Fewer than 5 returns a day & no <b>bold</b> claims.",
        decision="Ask back before sending.",
        service_levels=ServiceLevels(latency_p99_ms=LEVEL),
        open_points=("Who answers on day 7?",),
    ),
    features=sf.features(total=Order.total, n=Order.count().by(Order.shop).over("1d")),
    label=sf.Label(event=Return, on=Order, key="order_id", matures="3d", because="By hand."),
    learning=sf.Learning(candidates=(LogisticRegression(),), folds=Prequential(test="5d"), replicates=5),
    alternatives={"learning": [sf.Alternative("A rule of 2 lines", "Nobody <i>wrote</i> it.")]},
)
'''
VOID = {"meta", "br", "path", "rect", "link"}


class Reader(HTMLParser):
    """Reads a page: texts that bear a source, and digits outside of any."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.borne: list[tuple[str, str, str]] = []
        self.loose: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self.open]
        if "style" in tags or "script" in tags or "title" in tags:
            return
        bearing = [attributes for _, attributes in self.open if "data-source" in attributes]
        if bearing:
            self.borne.append((str(bearing[-1]["data-source"]), str(bearing[-1]["data-format"]), data))
        elif re.search(r"\d", data):
            self.loose.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A design's file beside its home, in which there are events, a model and decisions."""
    folder = tmp_path_factory.mktemp("documented")
    (folder / "orders.py").write_text(DESIGN.replace("LEVEL", "5000.0"))
    (folder / "strict.py").write_text(DESIGN.replace("LEVEL", "0.000001"))
    rows, begin = 800, 1_767_225_600_000
    orders = pl.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(rows)],
            "at": [begin + n * 3_600_000 for n in range(rows)],
            "shop": [f"s{n % 9}" for n in range(rows)],
            "total": [10.0 + n % 7 + 20 * (n % 10 == 0) for n in range(rows)],
        }
    )
    (folder / "events").mkdir()
    orders.write_csv(folder / "events" / "Order.csv")
    returned = orders.filter(pl.int_range(pl.len()) % 10 == 0)
    returned.select(return_id="order_id", at=pl.col("at") + 86_400_000, order_id="order_id").write_csv(
        folder / "events" / "Return.csv"
    )
    design, home = str(folder / "orders.py"), str(folder / "home")
    assert front.run(["ingest", design, str(folder / "events"), "--home", home]) == 0
    assert front.run(["train", design, "--home", home]) == 0
    service = sf.load(design).engine(home=home)
    for n in range(5):
        at = begin + (rows + n) * 3_600_000
        service.decide({"order_id": f"d{n}", "at": at, "shop": "s1", "total": "12"})
    service.close_now()
    return folder


def sources_of(place: Path, name: str = "orders.py", **more: int) -> Sources:
    return gather(sf.load(place / name), place / "home", measure=False, **more)


@pytest.fixture(scope="module")
def page(place: Path) -> str:
    return as_html(sources_of(place, since_ms=1_769_904_000_000, now_ms=1_800_000_000_000))


def test_every_number_is_traced_to_its_source(place: Path, page: str) -> None:
    reader = read(page)
    assert reader.loose == []
    again = sources_of(place, since_ms=1_769_904_000_000, now_ms=1_800_000_000_000)
    assert len(reader.borne) > 200
    wrong = [(a, f, text) for a, f, text in reader.borne if again.written(a, f) != text]  # type: ignore[arg-type]
    assert wrong == []
    assert {address.partition(":")[0] for address, _, _ in reader.borne} == {
        "design",
        "log",
        "bundle",
        "check",
        "project",
    }


def test_a_number_without_a_source_is_found() -> None:
    reader = read('<p>Of <span data-source="log:entries" data-format="int">12</span>, 7 are typed.</p>')
    assert reader.loose == [", 7 are typed."]


def test_what_is_measured_is_what_the_log_holds(place: Path) -> None:
    sources = sources_of(place)
    with Home(place / "home", "orders").open_log() as log:
        assert sources.get("log:entries") == log.end()
    assert sources.get("log:events/Order") == 805
    assert sources.get("log:decisions/count") == 5
    assert sum(sources.get("log:decisions/shares").values()) == pytest.approx(1.0)
    assert sources.get("check:numbers/label_delay_days/value") == 1.0
    assert set(sources.get("bundle:metadata/importance")) == {"total", "n_1d"}


def test_promises_are_green_or_red(place: Path, page: str) -> None:
    assert 'class="v kept" data-source="log:decisions/p99_ms"' in page
    assert 'class="v broken" data-source="log:decisions/p99_ms"' in as_html(sources_of(place, "strict.py"))


def test_the_words_of_a_design_are_no_markup(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>bold" not in page
    assert "Nobody &lt;i&gt;wrote&lt;/i&gt; it." in page


def test_the_page_needs_nothing_else(page: str) -> None:
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert "@import" not in page
    assert "url(" not in page.replace("url(#tip)", "")
    for title in ("Problem", "Data and features", "Model and training", "Deployment and serving", "Trust"):
        assert f"<h2>{title}</h2>" in page
    assert "Who answers on day 7?" in page


def test_what_changed_since_a_day(place: Path, page: str) -> None:
    since = sources_of(place, since_ms=1_769_904_000_000)
    assert since.get("log:before/entries") + since.get("log:within/entries") == since.get("log:entries")
    assert since.get("log:within/decisions/count") == 5
    assert since.get("log:before/decisions") is None
    assert "Before and since" in page


def test_markdown_says_the_same(place: Path) -> None:
    text = as_markdown(sources_of(place))
    assert text.startswith("# orders\n")
    assert "| A rule of 2 lines | Nobody \\<i\\>wrote\\</i\\> it. |" in text
    assert "<script>" not in text.replace("\\<script\\>", "")


def test_the_commands(place: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "deep" / "orders.html"
    words = ["design", "document", str(place / "orders.py"), "--no-measure", "--out", str(out)]
    assert front.run([*words, "--home", str(home)]) == 0
    assert read(out.read_text()).loose == []
    assert "No model was trained in this home yet." in out.read_text()
    assert not home.exists()
    assert front.run([*words, "--since", "yesterday"]) == 2
    assert "--since: expected a day such as 2026-01-31, got 'yesterday'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["fraud", "handbook"])
def test_shipped_designs_have_documents(name: str, home: Path) -> None:
    reader = read(as_html(gather(sf.load(name), home, measure=False)))
    assert reader.loose == []
    assert reader.borne


def test_a_damaged_log_is_told_of(place: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "home" / "orders"
    damaged.mkdir(parents=True)
    (damaged / "log.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(LogError):
        gather(sf.load(place / "orders.py"), tmp_path / "home", measure=False)
