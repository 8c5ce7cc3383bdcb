"""Looks at the documentation site in headless Chromium: every picture is there, every formula is rendered, and nothing
comes from anywhere else.

    python tools/checks/site.py build/site [--screenshots FOLDER]

One browser goes through all pages in a frame and reports what it finds to the server that it has them from. Names of
hosts do not resolve in it, so what a page would load from elsewhere is missing here.
"""

import argparse
import functools
import http.server
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

SECONDS = 300  # for all pages
LOOK = """<!doctype html><title>checks</title><script>
const pages = PAGES, found = [];
const until = (target, event) => new Promise(done => target.addEventListener(event, done, {once: true}));
async function look(page) {
    const frame = document.createElement("iframe");
    frame.width = 1200; frame.height = 900; frame.src = "/" + page;
    const loaded = until(frame, "load");
    document.body.append(frame);
    await loaded;
    const inside = frame.contentWindow, all = selector => [...inside.document.querySelectorAll(selector)];
    const formulas = all(".math");
    if (formulas.length && inside.MathJax) await inside.MathJax.startup.promise;
    const pictures = all("img");
    for (const picture of pictures) { picture.loading = "eager"; await picture.decode().catch(() => {}); }
    const rendered = formula => formula.querySelector("mjx-container")?.getBoundingClientRect().width > 0;
    const name = address => address.slice(0, 120);
    found.push({
        page,
        pictures: pictures.length,
        formulas: formulas.length,
        title: inside.document.title,
        wrong: [
            ...pictures.filter(picture => !picture.naturalWidth).map(picture => "no picture: " + name(picture.src)),
            ...formulas.filter(each => !rendered(each)).map(each => "no formula: " + name(each.textContent)),
            ...all("mjx-merror").map(error => "formula: " + name(error.dataset.mjxError || error.textContent)),
            ...inside.performance.getEntriesByType("resource").map(entry => entry.name)
                .filter(address => !address.startsWith(location.origin)).map(address => "loads " + name(address)),
        ],
    });
    frame.remove();
}
(async () => {
    await until(window, "load");
    for (const page of pages) await look(page).catch(error => found.push({page, wrong: [String(error)]}));
    await fetch("/found", {method: "POST", body: JSON.stringify(found)});
})();
</script><body></body>"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site and the page that looks at it; keeps what that reports."""

    def do_GET(self):
        if self.path != "/look":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(LOOK.replace("PAGES", json.dumps(self.server.pages)).encode())

    def do_POST(self):
        self.server.found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.is_done.set()

    def log_message(self, *_):
        """Nothing: requests are not shown."""


def browser():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        sys.exit("error: no Chromium; on Debian: apt-get install chromium")
    return path


def options(profile):
    return [
        "--headless=new",
        "--no-sandbox",  # as root it does not start otherwise
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]


def look(server, profile):
    """What the browser finds on all pages."""
    address = f"http://127.0.0.1:{server.server_port}/look"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([browser(), *options(profile), address], **quiet)
    try:
        if not server.is_done.wait(SECONDS):
            sys.exit(f"error: the browser has not gone through {len(server.pages)} pages in {SECONDS} seconds")
    finally:
        running.terminate()
        running.wait()
    return server.found


def take_screenshots(server, profile, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for page in server.pages:
        name = folder / f"{page.removesuffix('.html').replace('/', '_')}.png"
        address = f"http://127.0.0.1:{server.server_port}/{page}"
        more = [f"--screenshot={name}", "--window-size=1300,2400", "--virtual-time-budget=8000"]
        subprocess.run([browser(), *options(profile), *more, address], capture_output=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path, help="the folder that Sphinx wrote")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="takes one of the top of each page")
    parser.add_argument("--pages", nargs="*", help="look at these only, such as losses.html")
    args = parser.parse_args()
    handler = functools.partial(Handler, directory=args.site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    all_pages = sorted(path.relative_to(args.site).as_posix() for path in args.site.rglob("*.html"))
    server.pages = args.pages or [page for page in all_pages if not page.startswith("_static")]
    server.is_done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        found = look(server, profile)
        if args.screenshots:
            take_screenshots(server, profile, args.screenshots)
    wrong = [f"{each['page']}: {text}" for each in found for text in each["wrong"]]
    pictures, formulas = (sum(each.get(what, 0) for each in found) for what in ("pictures", "formulas"))
    if not pictures or not formulas:
        wrong.append(f"{pictures} pictures and {formulas} formulas: there should be some of both")
    for text in wrong:
        print(f"error: {text}")
    print(f"{len(found)} pages, {pictures} pictures, {formulas} formulas in the browser, {len(wrong)} of them wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
