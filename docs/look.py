"""Open each page of the built site in headless Chromium, and report its faults.

Each page is opened at the width of a desktop and of a phone, light and dark. Nothing may be wider
than the screen, all its pictures must be there, and the console must be silent. On a desktop, code
must fit without scrolling. A heading must be larger than those below it. Links within the site must
lead somewhere, and no picture may be shown as text. Screenshots are put beside the site, to be
looked at: `make look`.
"""

import argparse
import http.server
import sys
import threading
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from selenium import webdriver

WIDTHS = {"desktop": 1400, "phone": 390}
THEMES = ("light", "dark")
# Links out of the site are not opened: there may be no network.
OUTSIDE = ("http://", "https://", "mailto:")

READ_PAGE = """
const width = document.documentElement.clientWidth;
// What can be moved by itself may be wider than the screen, as blocks of code on a phone.
const moves = element => {
    for (let e = element; e && !e.classList.contains("bd-article"); e = e.parentElement)
        if (["auto", "scroll"].includes(getComputedStyle(e).overflowX)) return true;
    return false;
};
const cut = [...document.querySelectorAll(".bd-article *")].filter(
    e => e.getBoundingClientRect().right > width + 1 && !moves(e) && e.className != "headerlink"
);
const pictures = [...document.images];
const scrolled = [...document.querySelectorAll(".bd-article pre")].filter(
    e => e.scrollWidth > e.clientWidth
);
// The size of the first heading of each level on the page.
const headings = ["h1", "h2", "h3", "h4"]
    .map(level => document.querySelector(`.bd-article ${level}`))
    .filter(e => e)
    .map(e => [e.tagName, parseFloat(getComputedStyle(e).fontSize)]);
return {
    overflow: document.documentElement.scrollWidth - width,
    cut: cut.map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`),
    scrolled: scrolled.map(e => {
        const lines = e.textContent.split("\\n");
        return lines.reduce((a, b) => a.length >= b.length ? a : b).trim();
    }),
    headings: headings,
    showsData: document.querySelector(".bd-article")?.textContent.includes("data:image") ?? false,
    missing: pictures.filter(p => p.complete && p.naturalWidth === 0).map(p => p.src),
    wordless: pictures.filter(p => !p.hasAttribute("alt")).map(p => p.src),
    links: [...document.links].map(a => a.getAttribute("href")),
    ids: [...document.querySelectorAll("[id]")].map(e => e.id),
    theme: document.documentElement.dataset.theme,
    height: document.documentElement.scrollHeight,
};
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files without printing."""

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def look(site: Path, shots: Path) -> list[str]:
    """Return the faults of the pages of a site."""
    server = http.server.ThreadingHTTPServer(("localhost", 0), partial(Silent, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    root = f"http://localhost:{server.server_port}/"
    files = (page.relative_to(site) for page in site.rglob("*.html"))
    # The theme's templates lie beside its scripts.
    pages = sorted(file.as_posix() for file in files if file.parts[0] != "_static")
    if not pages:
        sys.exit(f"There is no page in {site}: make docs builds them.")
    faults: list[str] = []
    links: set[tuple[str, str]] = set()
    ids: dict[str, set[str]] = {}
    browser = open_browser()
    try:
        for theme in THEMES:
            browser.get(root)
            browser.execute_script(
                f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
            )
            for name, width in WIDTHS.items():
                for page in pages:
                    set_size(browser, width, 900, mobile=name == "phone")
                    browser.get(root + page)
                    # Pictures are loaded when they are scrolled into view.
                    height = browser.execute_script(READ_PAGE)["height"]
                    set_size(browser, width, min(height, 16000), mobile=name == "phone")
                    browser.execute_async_script(
                        "const done = arguments[0];"
                        "Promise.all([...document.images].map(i => i.decode().catch(() => 0)))"
                        ".then(done)"
                    )
                    found = browser.execute_script(READ_PAGE)
                    where = f"{page} ({name}, {theme})"
                    if found["theme"] != theme:
                        faults.append(f"{where}: is {found['theme']}")
                    if found["overflow"] > 0:
                        faults.append(f"{where}: {found['overflow']} pixels wider than the screen")
                    faults += [f"{where}: cut off: {text}" for text in found["cut"][:3]]
                    if name == "desktop":
                        faults += [f"{where}: code is cut off: {s}" for s in found["scrolled"]]
                    faults += [f"{where}: {text}" for text in small_headings(found["headings"])]
                    faults += [f"{where}: picture is missing: {src}" for src in found["missing"]]
                    faults += [f"{where}: picture without words: {s}" for s in found["wordless"]]
                    if found["showsData"]:
                        faults.append(f"{where}: shows a picture as text")
                    faults += [f"{where}: {e['message']}" for e in browser.get_log("browser")]
                    ids[page] = set(found["ids"])
                    links |= {(page, link) for link in found["links"] if link}
                    shot = shots / f"{page.removesuffix('.html')}-{name}-{theme}.png"
                    shot.parent.mkdir(parents=True, exist_ok=True)
                    browser.save_screenshot(str(shot))
    finally:
        browser.quit()
        server.shutdown()
    faults += sorted(broken_links(site, links, ids))
    print(f"{len(pages)} pages, {len(links)} links, {len(faults)} faults; screenshots in {shots}")
    return faults


def small_headings(headings: list[tuple[str, float]]) -> list[str]:
    """Return the headings that are not larger than those of the next level."""
    return [
        f"{upper} has {size:g} pixels, {lower} has {below:g}"
        for (upper, size), (lower, below) in pairwise(headings)
        if size <= below
    ]


def open_browser() -> webdriver.Chrome:
    """Return headless Chromium, as Debian installs it."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "WARNING"})
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=service)


def set_size(browser: webdriver.Chrome, width: int, height: int, *, mobile: bool) -> None:
    """Set the size of the screen: the window itself cannot be as narrow as a phone."""
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


def broken_links(site: Path, links: set[tuple[str, str]], ids: dict[str, set[str]]) -> set[str]:
    """Return the links within the site that lead to no file, or to no anchor in it."""
    broken = set()
    for page, link in links:
        if link.startswith(OUTSIDE):
            continue
        target, place = urldefrag(urljoin("/" + page, link))
        path = unquote(urlsplit(target).path).lstrip("/")
        if path.endswith("/") or not path:
            path += "index.html"
        exists = (site / path).is_file()
        if not exists or (place and path in ids and unquote(place) not in ids[path]):
            broken.add(f"{page}: broken link {link}")
    return broken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("shots", type=Path)
    found_faults = look(**vars(parser.parse_args()))
    sys.exit("\n".join(found_faults) or None)
