"""A browser without a window: Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.checkout import ROOT
from tools.debian import require_packages

PATIENCE_SECONDS = 90
"""So long a page may take to show something: it is waited for, not slept for."""
SCREENSHOTS = ROOT / "build" / "screenshots"
_PACKAGES = ["chromium", "fonts-dejavu-core"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Runs until the block ends. It asks no proxy: `*.localhost` is this machine."""
    require_packages(_PACKAGES, "browser tests", print)
    with sync_playwright() as driver:
        made = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--proxy-server=direct://"]
        )
        try:
            yield made
        finally:
            made.close()


class Person:
    """Who sits before a browser, with cookies of their own. Notes what pages tell other pages."""

    def __init__(self, browser: Browser) -> None:
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(PATIENCE_SECONDS * 1000)
        expect.set_options(timeout=PATIENCE_SECONDS * 1000)
        self.referers: set[str] = set()
        self.context.on(
            "request", lambda request: self.referers.add(request.headers.get("referer", ""))
        )

    def opens(self, url: str) -> Page:
        """A new tab at an address."""
        page = self.context.new_page()
        page.goto(url)
        return page


def keep(page: Page, name: str) -> Path:
    """A screenshot, as the build's output."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    file = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=file)
    return file
