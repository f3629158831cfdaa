"""The dashboard in a real browser, against a running cluster.

usage: dashboard.py URL SCREENSHOTS BROWSER

The cluster has three replicas, and one strategy EVILUSDT whose error, parameters and events are full of markup. Every message
of the browser's console is a failure, but those about requests that fail while a replica dies.
"""

import csv
import json
import os
import re
import signal
import sys
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from browser import MARKUP, Page, step
from playwright.sync_api import expect, sync_playwright

URL, SCREENSHOTS, BROWSER = sys.argv[1:]
# It trades every few candles.
EAGER = {"fast_period": 2, "slow_period": 3, "rsi_floor": "0", "rsi_ceiling": "100"}

def ask(path, body=None, method=None):
    request = urllib.request.Request(URL + path, body and json.dumps(body).encode(), {
        "content-type": "application/json", "authorization": f"Bearer {os.environ['OPERATOR_TOKEN']}"}, method=method)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def sign_in(browser, page):
    guest = Page(browser, URL)
    guest.is_lossy = True
    guest.go("")
    guest.tab.get_by_label("Access token").fill("tenure_wrong")
    guest.button("Sign in").click()
    expect(guest.one(".wrong")).to_contain_text("not known")
    expect(guest.one(".card")).to_have_count(0)
    guest.tab.screenshot(path=f"{SCREENSHOTS}/sign-in.png")
    guest.sign_in("guest")
    # Who may only look is offered nothing else.
    expect(guest.one(".card")).to_have_count(3)
    assert guest.tab.evaluate("() => document.cookie") == "", "scripts can read the token"
    expect(guest.one("a[href='#/start']").first).to_be_hidden()
    expect(guest.one(".card button").first).to_be_hidden()
    guest.button("Sign out").click()
    guest.is_lossy = True
    expect(guest.tab.get_by_label("Access token")).to_be_visible()
    guest.check()
    guest.context.close()
    page.sign_in("operator")
    expect(page.one(".card button").first).to_be_visible()


def first_view(browser):
    """What is transferred until the overview is there, for somebody who is signed in already."""
    page = Page(browser, URL)
    page.context.add_cookies([{"name": "tenure_token", "value": os.environ["OPERATOR_TOKEN"], "url": URL}])
    sizes = []
    page.tab.on("requestfinished", lambda request: sizes.append(
        (request.url, sum(request.sizes()[name] for name in ("responseBodySize", "responseHeadersSize")))))
    began = time.monotonic()
    page.go("")
    expect(page.one("#link")).to_have_attribute("data-state", "live")
    expect(page.one(".card")).to_have_count(3)
    took = time.monotonic() - began
    total = sum(size for _, size in sizes)
    print(f"first view: {total} bytes in {len(sizes)} answers, usable after {took * 1000:.0f} ms", flush=True)
    assert 10_000 < total <= 150_000, sizes
    # Inert text, in full.
    expect(page.one(".trouble")).to_contain_text(MARKUP)
    expect(page.one(".trouble a").first).to_have_text("EVILUSDT")
    page.check()
    page.context.close()


def start(page):
    page.tab.keyboard.press("Tab")
    page.go("start")
    # The simulator takes live orders; but nobody gets there without wanting to.
    expect(page.one("input[value=live]")).to_be_enabled()
    expect(page.one("input[value=paper]")).to_be_checked()
    page.tab.get_by_label("Mode", exact=True).select_option("scalp")
    fast = page.one("#field-config-fast_period")
    # Wrong as one types.
    fast.fill("1")
    expect(page.one("#field-config-fast_period-wrong")).to_have_text("must be at least 2")
    expect(fast).to_have_attribute("aria-invalid", "true")
    fast.fill("two")
    expect(page.one("#field-config-fast_period-wrong")).to_contain_text("whole number")
    page.button("Start on paper").click()
    expect(page.one("#field-symbol-wrong")).to_have_text("is missing")
    expect(page.one("#field-symbol")).to_be_focused()
    page.one("#field-symbol").fill("btcusdt")
    # What only the server knows is said beside the field too.
    fast.fill("30")
    expect(page.one("#field-config-fast_period-wrong")).to_be_empty()
    page.is_lossy = True
    page.button("Start on paper").click()
    expect(page.one("#field-config-fast_period-wrong")).to_contain_text("must be less than slow_period")
    expect(fast).to_be_focused()
    page.is_lossy = False
    loss = page.tab.get_by_label("Loss in a day")
    loss.fill("much")
    expect(page.one("#field-limits-daily_loss-wrong")).to_have_text("must be an amount above zero")
    loss.fill("1000.50")
    expect(page.one("#field-limits-daily_loss-wrong")).to_be_empty()
    for name, value in EAGER.items():
        page.one(f"#field-config-{name}").fill(str(value))
    page.tab.get_by_label("Candles", exact=True).select_option("1s")
    replay(page)
    in_all_ways(page, "replayed")
    page.button("Start on paper").click()
    page.tab.wait_for_url(re.compile(r"#/strategy/\d+$"))
    expect(page.one("h1")).to_have_text("BTCUSDT")
    expect(page.one(".heading .pill")).to_have_text("running")
    expect(page.one(".heading .execution")).to_have_text("Paper")
    expect(page.one("[aria-labelledby=limits]")).to_contain_text("1000.5")


def replay(page):
    """What the form holds, with the candles of the past; nothing is started by it."""
    page.tab.get_by_label("Candles to replay").select_option("200")
    page.button("Replay").click()
    shown = page.one(".replay")
    expect(shown.get_by_role("status")).to_contain_text(" candles of BTCUSDT, ")
    expect(shown.locator(".result")).to_be_visible()
    expect(shown.locator("tbody tr").first).to_be_visible()
    expect(shown.locator(".curve")).to_have_attribute("data-points", re.compile(r"^[1-9]\d+"))
    # The same figures as the server's, whose curve ends in the profit and loss.
    pnl = shown.locator(".figure", has_text="Profit and loss").locator("dd").get_attribute("title")
    assert shown.locator(".curve").get_attribute("data-last") == pnl, pnl
    # It says so when it is of other parameters.
    slow = page.one("#field-config-slow_period")
    slow.fill("4")
    expect(shown.get_by_role("status")).to_contain_text("replay again")
    slow.fill("3")
    page.button("Replay").click()
    expect(shown.get_by_role("status")).to_contain_text(" candles of BTCUSDT, ")
    assert not [item for item in ask("/api/strategies")["items"] if item["symbol"] == "BTCUSDT"]


def trades(page):
    shown = page.one(".chart")
    expect(shown).to_have_attribute("data-candles", re.compile(r"^[1-9]"))
    expect(shown).not_to_have_attribute("data-last", shown.get_attribute("data-last"))
    # A buy and the sale of it.
    expect(page.one("[aria-label='Table of fills'] tbody tr")).not_to_have_count(1)
    expect(page.one("[aria-label='Table of fills'] tbody")).to_contain_text("sell")
    expect(page.one("[aria-label='Table of orders'] tbody")).to_contain_text("filled")
    expect(shown).to_have_attribute("data-fills", re.compile(r"^[1-9]"))
    expect(page.one(".chart canvas")).to_have_attribute("aria-label", re.compile("candles of BTCUSDT"))
    equity(page)
    # Something is drawn, in more than two colours.
    colours = page.tab.evaluate(
        """() => { const canvas = document.querySelector(".chart canvas");
        const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data, seen = new Set();
        for (let at = 0; at < bytes.length; at += 4) if (bytes[at + 3] === 255) seen.add(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);
        return seen.size; }""")
    assert colours > 4, f"the chart has {colours} colours"


def equity(page):
    """The curve, and the books that it is drawn from: to the eighth digit what the server has booked."""
    expect(page.one(".equity .curve")).to_have_attribute("data-points", re.compile(r"^[1-9]\d*"))
    expect(page.one(".equity")).to_contain_text("deepest fall")
    path = page.tab.url.split("#/")[1].replace("strategy", "/api/live-strategy")
    booked, counted = page.tab.evaluate("""async (path) => {
        const { Fills, earnings } = await import("/dashboard/ledger.js");
        const { text } = await import("/dashboard/decimal.js");
        for (;;) {
            const fills = new Fills();
            await fills.load(path);
            const strategy = await (await fetch(path)).json();
            await new Promise((done) => setTimeout(done, 200));
            // It goes on trading meanwhile; and what it holds was worth something else at its last fill.
            if (strategy.trades_count !== fills.items.length || strategy.position !== "0") continue;
            // Without the number of trades nothing is made up for.
            const points = earnings(fills, [], 1000, { startedAt: Date.parse(strategy.started_at), pnl: strategy.pnl, trades: -1 });
            return [strategy.pnl, text(points.at(-1).value)];
        }
    }""", path)
    assert booked == counted, (booked, counted)


def failover(browser, page):
    """Seen by two: one asks through the load balancer, the other one a replica that stays."""
    strategy = next(item for item in ask("/api/strategies")["items"] if item["symbol"] == "BTCUSDT")
    replicas = {item["name"]: item for item in ask("/api/replicas")["items"] if item["status"] == "live"}
    owner = strategy["owner"]["name"]
    witness = Page(browser, base=next(url for name, url in replica_urls().items() if name != owner))
    witness.sign_in("operator")
    expect(witness.one(f".card[data-replica='{owner}'] .chip", has_text="BTCUSDT")).to_be_visible()
    page.go("")
    expect(page.one(f".card[data-replica='{owner}'] .chip", has_text="BTCUSDT")).to_be_visible()
    page.is_lossy = True
    os.kill(replicas[owner]["pid"], signal.SIGKILL)
    killed = time.monotonic()
    expect(witness.one(f".card:not([data-replica='{owner}']):not(.nobody) .chip", has_text="BTCUSDT")).to_be_visible()
    print(f"seen to move {(time.monotonic() - killed) * 1000:.0f} ms after its owner was killed", flush=True)
    expect(witness.one(f".card[data-replica='{owner}']")).to_have_count(0)
    expect(witness.one(".events").first).to_contain_text(f"{owner} declared dead: session lost")
    # Whoever asked through the load balancer comes back by itself.
    expect(page.one(f".card:not([data-replica='{owner}']):not(.nobody) .chip", has_text="BTCUSDT")).to_be_visible()
    expect(page.one("#link")).to_have_attribute("data-state", "live")
    witness.tab.screenshot(path=f"{SCREENSHOTS}/failover.png")
    witness.check()
    witness.context.close()
    page.go(f"strategy/{strategy['id']}")
    expect(page.one(".timeline li")).not_to_have_count(1)
    expect(page.one(".timeline")).to_contain_text(f"taken over from {owner} (session lost)")
    expect(page.one(".heading .pill")).to_have_text("running")
    page.is_lossy = False
    in_all_ways(page, "strategy")


def replica_urls():
    return dict(pair.split("=", 1) for pair in os.environ["REPLICAS"].split())


def change(browser, page):
    """Other parameters for one that runs, while somebody else changes it too; its position is closed, and it stays."""
    strategy = page.tab.url.split("/")[-1]
    page.tab.get_by_role("link", name="Change …").click()
    expect(page.one("h1")).to_have_text("Change BTCUSDT")
    expect(page.one(".heading .execution")).to_have_text("Paper")
    submit = page.button("Change it")
    expect(submit).to_be_disabled()
    holding, loss = page.one("#field-config-max_holding_candles"), page.one("#field-limits-daily_loss")
    expect(loss).to_have_value("1000.5")
    holding.fill("0")
    expect(page.one("#field-config-max_holding_candles-wrong")).to_have_text("must be at least 1")
    holding.fill("50")
    loss.fill("")
    expect(page.one(".changes")).to_have_text(re.compile("max holding candles: 60 → 50.*daily loss: 1000.5 → none", re.S))
    page.button("Replay").click()
    expect(page.one(".replay").get_by_role("status")).to_contain_text(" candles of BTCUSDT, ")
    in_all_ways(page, "change")
    # What only the server knows.
    fast = page.one("#field-config-fast_period")
    fast.fill("3")
    page.is_lossy = True
    submit.click()
    expect(page.one(".panel.bad")).to_contain_text("Nothing was changed")
    expect(page.one("#field-config-fast_period-wrong")).to_contain_text("must be less than slow_period")
    fast.fill("2")
    # Somebody else is quicker.
    ask(f"/api/live-strategy/{strategy}", {"config": {"stop_loss_percent": "0.7"}}, method="PATCH")
    submit.click()
    expect(page.one(".panel.bad")).to_contain_text("Somebody else changed it meanwhile")
    expect(page.one(".panel.bad li")).to_have_text("stop loss percent: 0.5 → 0.7")
    expect(page.one("#field-config-stop_loss_percent")).to_have_value("0.7")
    expect(holding).to_have_value("50")
    page.is_lossy = False
    submit.click()
    page.tab.wait_for_url(re.compile(r"#/strategy/\d+$"))
    expect(page.one("[aria-labelledby=parameters]")).to_have_text(re.compile("max holding candles50.*stop loss percent0.7", re.S))
    expect(page.one("[aria-labelledby=state]")).to_contain_text("wasAbove")
    expect(page.one("[aria-labelledby=limits]")).to_contain_text("None")
    # Until its next candle it goes on with the old ones; then nothing is said any more.
    expect(page.one(".pending")).to_be_hidden()
    assert ask(f"/api/live-strategy/{strategy}")["applied_version"] == 3
    expect(page.one("[aria-labelledby=events]").first).to_contain_text("max holding candles 60 → 50")
    close = page.button("Close position …")
    close.click()
    expect(page.one("dialog")).to_contain_text("The strategy itself stays")
    sell = page.button("Sell BTCUSDT")
    expect(sell).to_be_disabled()
    page.tab.get_by_label("Reason, for the order and the events").fill(MARKUP)
    page.tab.get_by_label("To confirm, type: sell BTCUSDT").fill("sell btcusdt")
    page.tab.screenshot(path=f"{SCREENSHOTS}/close.png")
    # It may sell by itself while somebody thinks about it.
    page.is_lossy = True
    sell.click()
    expect(page.one(".note").last).to_be_visible()
    page.is_lossy = False
    ask("/api/live-strategy/pause", {"symbol": "BTCUSDT"})
    expect(page.one(".heading .pill")).to_have_text("paused")
    expect(close).to_be_hidden()
    ask("/api/live-strategy/resume", {"symbol": "BTCUSDT"})
    expect(page.one(".heading .pill")).to_have_text("running")


def pause_and_stop(page):
    page.button("Pause").click()
    expect(page.one(".heading .pill")).to_have_text("paused")
    expect(page.button("Resume")).to_be_visible()
    # Nothing is done by escaping.
    page.button("Stop …").click()
    expect(page.one("dialog")).to_contain_text("Stop BTCUSDT?")
    page.tab.keyboard.press("Escape")
    expect(page.one("dialog")).to_have_count(0)
    page.button("Stop …").click()
    page.tab.get_by_label("Reason, for the history").fill(f"=1+1, {MARKUP}")
    # Selling wants to be said in words.
    page.tab.get_by_text("Everything that is held is sold").click()
    expect(page.button("Stop BTCUSDT")).to_be_disabled()
    page.tab.get_by_label("To confirm, type: sell BTCUSDT").fill("sell btcusdt")
    page.tab.screenshot(path=f"{SCREENSHOTS}/stop.png")
    page.button("Stop BTCUSDT").click()
    expect(page.one(".heading .pill")).to_have_text("stopped")
    expect(page.one(".about")).to_contain_text(MARKUP)
    expect(page.one(".chart")).to_have_attribute("data-candles", re.compile(r"^[1-9]"))


def history(page):
    page.go("history")
    row = page.one("tbody tr", has_text="BTCUSDT")
    expect(row).to_contain_text(MARKUP)
    expect(page.one(".totals")).to_contain_text("1 stopped")
    with page.tab.expect_download() as download:
        page.button("Export CSV").click()
    path = f"{SCREENSHOTS}/history.csv"
    download.value.save_as(path)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 1 and rows[0]["symbol"] == "BTCUSDT", rows
    # No formula for whoever opens it in a spreadsheet.
    assert rows[0]["reason"] == f"'=1+1, {MARKUP}", rows
    assert rows[0]["pnl"] == ask("/api/live-strategy/history")["items"][0]["pnl"], rows
    page.tab.get_by_label("Symbol", exact=True).fill("ETHUSDT")
    expect(page.one("tbody tr")).to_have_count(0)
    expect(page.one(".totals")).to_contain_text("0 stopped")
    page.tab.screenshot(path=f"{SCREENSHOTS}/history.png")


def many(page):
    for symbol in ("ETHUSDT", "SOLUSDT", "BNBUSDT"):
        ask("/api/live-strategy/start", {"symbol": symbol, "mode": "scalp", "interval": "1s"})
    page.go("strategies?sort=symbol&descending=false")
    links = page.one("tbody td:nth-child(2) a")
    expect(links).to_have_text(["BNBUSDT", "ETHUSDT", "EVILUSDT", "SOLUSDT"])
    page.button("Symbol").click()
    expect(links).to_have_text(["SOLUSDT", "EVILUSDT", "ETHUSDT", "BNBUSDT"])
    expect(page.one("th[aria-sort=descending]")).to_have_text("Symbol ↓")
    page.one("h1").click()
    page.tab.keyboard.press("/")
    expect(page.one("#search")).to_be_focused()
    page.tab.keyboard.type("usdt")
    page.tab.get_by_label("status", exact=True).select_option("running")
    expect(links).to_have_text(["SOLUSDT", "ETHUSDT", "BNBUSDT"])
    page.tab.screenshot(path=f"{SCREENSHOTS}/strategies.png")
    page.tab.get_by_label("Select all on this page").check()
    expect(page.one(".bulk b")).to_have_text("3 selected")
    page.button("Pause …").click()
    confirm = page.button("Pause")
    expect(confirm).to_be_disabled()
    page.tab.get_by_label("To confirm, type: pause 3").fill("pause 3")
    confirm.click()
    # What is paused does not match any more, and what was done is selected no more.
    expect(page.one(".empty")).to_have_text("Nothing matches.")
    expect(page.one(".bulk")).to_be_hidden()
    page.tab.get_by_label("status", exact=True).select_option("paused")
    expect(links).to_have_count(3)
    page.tab.get_by_label("Select all on this page").check()
    page.button("Stop …").click()
    page.tab.get_by_label("To confirm, type: stop 3").fill("stop 3")
    page.button("Stop").click()
    expect(links).to_have_count(0)
    assert [item["symbol"] for item in ask("/api/strategies")["items"]] == ["EVILUSDT"]


def exposure(browser, page):
    """What all may hold together: seen by everybody, set by an admin, in words."""
    guest = Page(browser, URL)
    guest.sign_in("guest")
    paper = "[aria-labelledby=exposure] [data-execution=paper]"
    expect(guest.one(paper)).to_contain_text("no limit")
    expect(guest.one(f"{paper} button")).to_be_hidden()
    page.go("")
    change = page.button("Set the exposure limit of paper")
    change.click()
    limit = page.one("#field-exposure")
    limit.fill("-5")
    expect(page.one("#field-exposure-wrong")).to_have_text("must be an amount above zero")
    phrase = page.tab.get_by_label("To confirm, type: limit paper")
    phrase.fill("limit paper")
    page.button("Set the limit").click()
    expect(page.one("dialog")).to_be_visible()
    limit.fill("12345678901234.5")
    expect(page.one("#field-exposure-wrong")).not_to_be_empty()
    limit.fill("5000.5")
    page.tab.screenshot(path=f"{SCREENSHOTS}/exposure.png")
    page.button("Set the limit").click()
    for one in (page, guest):
        expect(one.one(paper)).to_contain_text(re.compile(r"of 5,000.50 · \d+ % used"))
        expect(one.one(f"{paper} meter")).to_be_visible()
        expect(one.one(".events").first).to_contain_text("Exposure limit of paper set to 5,000.5, by operator")
    assert ask("/api/limits")["exposure"]["paper"]["limit"] == "5000.5"
    page.button("Change the exposure limit of paper").click()
    limit.fill("")
    phrase.fill("limit paper")
    page.button("Set the limit").click()
    expect(guest.one(paper)).to_contain_text("no limit")
    guest.check()
    guest.context.close()


def halt(browser, page):
    """One halts, the other one sees it on whatever page it is, and cannot lift it."""
    guest = Page(browser, URL)
    guest.sign_in("guest")
    expect(guest.button("Halt trading …")).to_be_hidden()
    guest.go("history")
    page.go("events")
    page.button("Halt trading …").click()
    expect(page.one("dialog")).to_contain_text("Stop-losses do not sell either")
    confirm = page.button("Halt all trading")
    expect(confirm).to_be_disabled()
    page.tab.keyboard.press("Escape")
    assert ask("/api/halt")["halted"] is False
    page.button("Halt trading …").click()
    page.tab.get_by_label("Reason, for everybody").fill(MARKUP)
    page.tab.get_by_label("To confirm, type: halt").fill("halt")
    page.tab.screenshot(path=f"{SCREENSHOTS}/halt.png")
    confirm.click()
    for one in (page, guest):
        expect(one.one("#halted")).to_contain_text(MARKUP)
        expect(one.one("#halted")).to_contain_text("Trading is halted since")
    expect(guest.button("Lift the halt …")).to_be_hidden()
    assert ask("/api/halt")["halted"] is True
    expect(page.one(".events")).to_contain_text(f"All trading halted: {MARKUP}")
    page.go("")
    page.one(".card").first.wait_for()
    in_all_ways(page, "halted")
    page.button("Lift the halt …").click()
    page.tab.get_by_label("To confirm, type: trade").fill("trade")
    page.button("Lift the halt").click()
    for one in (page, guest):
        expect(one.one("#halted")).to_be_hidden()
    guest.check()
    guest.context.close()


def events(page):
    page.go("events?show=Trouble,Life")
    expect(page.one(".events")).to_contain_text("declared dead")
    expect(page.one(".events")).to_contain_text(MARKUP)
    expect(page.one(".events .kind", has_text="fill")).to_have_count(0)
    page.tab.get_by_role("checkbox", name="Fills").check()
    expect(page.one(".events .kind", has_text="fill").first).to_be_visible()


def in_all_ways(page, name):
    faults = look(page, name, "dark", 390) + look(page, name, "light", 1440)
    assert not faults, json.dumps(faults, indent=1)


def look(page, name, scheme, width):
    """A view as it is now: accessible, within the page, and as a picture for a person."""
    page.tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.tab.set_viewport_size({"width": width, "height": 900 if width > 600 else 844})
    page.tab.screenshot(path=f"{SCREENSHOTS}/{name}-{scheme}-{width}.png", full_page=True)
    wider = page.tab.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"{name} is {wider} pixels wider than a page of {width}"
    # In the dark only the colours are others.
    rules = ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] if scheme == "light" else {"type": "rule", "values": ["color-contrast"]}
    found = Axe().run(page.tab, options={"runOnly": rules}).response["violations"]
    return [(name, scheme, one["id"], one["help"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]


def everywhere(browser, page):
    """Every view in light and dark, wide and narrow."""
    evil = next(item["id"] for item in ask("/api/strategies")["items"])
    gone = ask("/api/live-strategy/history?symbol=BTCUSDT")["items"][0]["id"]
    faults = []
    page.is_lossy = True  # The exchange has no candles of EVILUSDT.
    for scheme, width in (("light", 1440), ("dark", 390)):
        for name, view, ready in (
            ("overview", "", ".card"), ("strategies", "strategies", "tbody tr"), ("evil", f"strategy/{evil}", ".failure:not([hidden])"),
            ("stopped", f"strategy/{gone}", ".chart[data-candles]"), ("start", "start", "form"),
            ("unknown", f"edit/{evil}", ".empty:not([hidden])"),
            ("history", "history", "tbody tr"), ("events", "events", ".events li"),
        ):
            page.go(view)
            page.one(ready).first.wait_for()
            faults += look(page, name, scheme, width)
    page.is_lossy = False
    assert not faults, json.dumps(faults, indent=1)
    # The first key leads to the way around the navigation.
    page.tab.reload()
    expect(page.one("#link")).to_have_attribute("data-state", "live")
    page.tab.keyboard.press("Tab")
    expect(page.one(".skip")).to_be_focused()


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=BROWSER)
    page = Page(browser, URL, accept_downloads=True)
    try:
        for name, act in (
            ("sign in", lambda: sign_in(browser, page)), ("first view", lambda: first_view(browser)), ("start", lambda: start(page)), ("trades", lambda: trades(page)),
            ("failover", lambda: failover(browser, page)), ("change", lambda: change(browser, page)), ("pause and stop", lambda: pause_and_stop(page)),
            ("history", lambda: history(page)), ("many", lambda: many(page)), ("events", lambda: events(page)),
            ("exposure", lambda: exposure(browser, page)), ("halt", lambda: halt(browser, page)),
            ("everywhere", lambda: everywhere(browser, page)),
        ):
            with step(name):
                act()
            page.check()
    except BaseException:
        page.tab.screenshot(path=f"{SCREENSHOTS}/failure.png", full_page=True)
        print(f"at {page.tab.url}; complaints: {page.complaints[:5]}; see {SCREENSHOTS}/failure.png", flush=True)
        raise
    finally:
        browser.close()
