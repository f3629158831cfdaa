"""A tab of a real browser that nothing may complain about, and ways to measure it."""

import os
import time
from contextlib import contextmanager

from playwright.sync_api import expect

# Machines are slow and shared: limits are for what hangs, not for what takes long.
LIMIT = 120_000
MARKUP = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"

expect.set_options(timeout=LIMIT)


class Page:
    """A tab, with all that it complains about."""

    def __init__(self, browser, base, **options):
        self.base = base
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        self.tab = self.context.new_page()
        self.complaints = []
        self.is_lossy = False
        self.elsewhere = []
        self.tab.on("console", self.heard)
        self.tab.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.tab.on("request", self.asked)
        self.tab.set_default_timeout(LIMIT)

    def heard(self, message):
        if message.type not in ("error", "warning"):
            return
        if self.is_lossy and message.text.startswith("Failed to load resource"):
            return
        self.complaints.append(f"{message.type}: {message.text}")

    def asked(self, request):
        if not request.url.startswith((self.base, "blob:")):
            self.elsewhere.append(request.url)

    def go(self, view):
        self.tab.goto(f"{self.base}/#/{view}")

    def sign_in(self, who):
        """The browser says by itself that it was refused at first."""
        self.is_lossy = True
        self.go("")
        self.tab.get_by_label("Access token").fill(os.environ[f"{who.upper()}_TOKEN"])
        self.button("Sign in").click()
        expect(self.one("#who")).to_contain_text(who)
        expect(self.one("#link")).to_have_attribute("data-state", "live")
        self.is_lossy = False

    def one(self, selector, **options):
        return self.tab.locator(selector, **options)

    def button(self, name):
        return self.tab.get_by_role("button", name=name, exact=True)

    def check(self):
        assert not self.complaints, f"the browser complained: {self.complaints}"
        assert not self.elsewhere, f"the page asked elsewhere: {self.elsewhere}"
        assert self.tab.evaluate("() => window.pwned === undefined"), "a text became a program"
        assert self.one("main img, main script, dialog img").count() == 0, "a text became markup"

    def watch_tasks(self):
        """Notes from now on whatever keeps the page from answering for 50 ms or more."""
        self.tab.add_init_script("""
            window.tasks = [];
            new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((one) => one.duration)))
                .observe({ type: "longtask", buffered: true });""")

    def tasks(self):
        """The long tasks since the last time, in milliseconds."""
        return self.tab.evaluate("() => window.tasks.splice(0)")

    def memory(self):
        """Bytes and nodes that are still needed."""
        session = self.context.new_cdp_session(self.tab)
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        used, counters = session.send("Runtime.getHeapUsage")["usedSize"], session.send("Memory.getDOMCounters")
        session.detach()
        return used, counters["nodes"], counters["jsEventListeners"]


@contextmanager
def step(name):
    began = time.monotonic()
    yield
    print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
