"""The report's page in a browser: the verdict, both themes, nothing in the console, nothing from the network."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (1180, 390)
# text, what it stands on
CONTRASTS = (
    (".muted", "body"),
    ("th", "#verdict"),
    ("th.production", "#verdict"),
    ("th.shadow", "#verdict"),
    ("#verdict strong", "#verdict"),
    (".tag", ".tag"),
    ("#synthetic", "#synthetic"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    finished = run("report", "--trial", "--html", str(path))
    assert finished.returncode == 0, finished.stderr
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium that records its console and its network."""
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    profile = tmp_path_factory.mktemp("profile")
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield session
    session.quit()


def requested(browser: Any) -> list[str]:
    """Return the addresses asked for since the last look; data: is in the page itself."""
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    sent = (event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent")
    return [address for address in sent if not address.startswith("data:")]


def colour(browser: Any, selector: str, name: str) -> str:
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return str(browser.execute_script(script, selector, name))


def test_the_page_in_a_browser(browser: Any, page: Path, tmp_path: Path) -> None:
    browser.get("about:blank")
    requested(browser)
    browser.set_window_size(WIDTHS[0], 2400)
    browser.get(page.as_uri())

    verdict = browser.find_element("id", "verdict")
    assert verdict.get_attribute("data-result") == "met"
    assert verdict.text.startswith("Promote the shadow")
    assert "Average ModelLatency changed by" in verdict.text
    assert browser.find_element("id", "synthetic").text.startswith("Synthetic metrics: nothing was measured.")
    assert len(browser.find_elements("css selector", "figure svg")) == 5
    assert len(browser.find_elements("css selector", "#comparison tbody tr")) == 15

    seen = set()
    for _ in range(2):
        theme = browser.execute_script("return document.documentElement.dataset.theme")
        drawn = {colour(browser, "body", "backgroundColor"), colour(browser, "figure svg text", "fill")}
        seen.add((theme, *sorted(drawn)))
        picture = tmp_path / f"{theme}.png"
        assert browser.save_screenshot(str(picture))
        assert picture.stat().st_size > 50_000
        browser.find_element("id", "theme").click()
    assert {theme for theme, *_ in seen} == {"light", "dark"}
    assert len({tuple(drawn) for _, *drawn in seen}) == 2

    assert browser.get_log("browser") == []
    assert requested(browser) == [page.as_uri()]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out(browser: Any, page: Path, width: int) -> None:
    """Wide tables and drawings scroll within their card: the page itself never does."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(page.as_uri())

    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_contrast_of_both_themes(browser: Any, page: Path) -> None:
    """Text on its background reaches WCAG's 4.5 to 1."""
    browser.get(page.as_uri())
    for _ in range(2):
        for selector, behind in CONTRASTS:
            text, background = colour(browser, selector, "color"), colour(browser, behind, "backgroundColor")
            assert contrast(text, background) >= 4.5, (selector, text, background)
        browser.find_element("id", "theme").click()


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(text: str) -> float:
    parts = [int(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
