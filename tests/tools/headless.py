"""A headless Chromium that records its console and its network."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
THEMES = ("light", "dark")


def sessions() -> Iterator[Any]:
    """Yield one session, or skip the test."""
    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        yield session
        session.quit()


def show(browser: Any, page: Path, width: int, theme: str) -> None:
    """Open a page on a screen of that width, for someone who prefers that theme; it asks for nothing else."""
    browser.get("about:blank")
    requested(browser)
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    preferred = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preferred)
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    assert requested(browser) == [page.as_uri()]


def requested(browser: Any) -> list[str]:
    """Return the addresses asked for since the last look; data: is in the page itself."""
    events = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    sent = (event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent")
    return [address for address in sent if not address.startswith("data:")]


def assert_readable(browser: Any, width: int) -> None:
    """The page does not scroll sideways, drawings are as wide as their card, and a table that scrolls says so."""
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wider = browser.execute_script(
        "return [...document.querySelectorAll('figure')].filter(each => each.scrollWidth > each.clientWidth).length"
    )
    assert wider == 0
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    cues = browser.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done("
        "[...document.querySelectorAll('.scroll')].filter(each => each.clientWidth).map(each => "
        "[each.scrollWidth > each.clientWidth + 1, getComputedStyle(each.nextElementSibling).display === 'block']))))"
    )
    assert cues
    assert all(scrolls == said for scrolls, said in cues)


def colour(browser: Any, selector: str, name: str) -> str:
    """Return the colour of the first element."""
    script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    return str(browser.execute_script(script, selector, name))


def contrast(first: str, second: str) -> float:
    """Return WCAG's contrast of two colours as browsers give them."""
    light, dark = sorted((_luminance(channels(first)), _luminance(channels(second))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def channels(text: str) -> list[float]:
    """Return red, green and blue from 0 to 1."""
    if text.startswith("#"):
        return [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [float(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]


def mixed(front: str, back: str, opacity: float) -> str:
    """Return the colour of something translucent on its ground."""
    both = zip(channels(front), channels(back), strict=True)
    return "#" + "".join(f"{round(255 * (opacity * first + (1 - opacity) * second)):02x}" for first, second in both)


def _luminance(parts: list[float]) -> float:
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
