"""ccxt against the simulator: ccxt_client.py PORT. Exits with 0 if everything went as on Binance."""

import asyncio
import sys

import ccxt
import ccxt.pro

PORT = int(sys.argv[1])


def settings():
    return {
        "apiKey": "simulator-key",
        "secret": "simulator-secret",
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
    }


def point(exchange):
    exchange.urls["api"]["public"] = f"http://127.0.0.1:{PORT}/api/v3"
    exchange.urls["api"]["private"] = f"http://127.0.0.1:{PORT}/api/v3"
    exchange.urls["api"]["v1"] = f"http://127.0.0.1:{PORT}/api/v1"
    return exchange


def rest():
    exchange = point(ccxt.binance(settings()))
    markets = exchange.load_markets()
    assert markets["BTC/USDT"]["precision"]["price"] == 0.01, markets["BTC/USDT"]["precision"]
    assert len(exchange.fetch_ohlcv("BTC/USDT", "1m", limit=5)) == 5
    assert exchange.fetch_order_book("BTC/USDT")["bids"]
    bought = exchange.create_order("BTC/USDT", "market", "buy", 0.01)
    assert bought["status"] == "closed" and bought["filled"] == 0.01, bought
    resting = exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 1000, {"clientOrderId": "ccxt-1"})
    assert resting["status"] == "open", resting
    assert exchange.fetch_order(resting["id"], "BTC/USDT")["clientOrderId"] == "ccxt-1"
    assert [order["id"] for order in exchange.fetch_open_orders("BTC/USDT")] == [resting["id"]]
    try:
        exchange.create_order("BTC/USDT", "limit", "buy", 0.01, 1000, {"clientOrderId": "ccxt-1"})
        raise AssertionError("a duplicate id was accepted")
    except ccxt.InvalidOrder:
        pass
    try:
        exchange.create_order("BTC/USDT", "market", "sell", 1000)
        raise AssertionError("more was sold than there is")
    except ccxt.InsufficientFunds:
        pass
    assert exchange.cancel_order(resting["id"], "BTC/USDT")["status"] == "canceled"
    trades = exchange.fetch_my_trades("BTC/USDT")
    assert bought["id"] in [trade["order"] for trade in trades]
    balance = exchange.fetch_balance()
    assert balance["BTC"]["free"] > 100 and balance["USDT"]["used"] == 0, balance["BTC"]


async def streams():
    exchange = point(ccxt.pro.binance(settings()))
    exchange.urls["api"]["ws"]["spot"] = f"ws://127.0.0.1:{PORT}/ws"
    exchange.urls["api"]["ws"]["ws-api"]["spot"] = f"ws://127.0.0.1:{PORT}/ws-api/v3"
    try:
        await exchange.load_markets()
        assert await exchange.watch_ohlcv("BTC/USDT", "1s")
        orders = asyncio.create_task(exchange.watch_orders("ETH/USDT"))
        while "user_subscriptions" not in exchange.options:
            # The subscription is under way as long as the watcher is: orders before it would not be told.
            client = exchange.clients.get(exchange.urls["api"]["ws"]["ws-api"]["spot"])
            if client and "spot" in client.subscriptions and not client.futures.get("authenticate:signature:spot"):
                break
            await asyncio.sleep(0.02)
        placed = await exchange.create_order("ETH/USDT", "limit", "sell", 0.1, 9000)
        seen = await orders
        assert seen[-1]["id"] == placed["id"] and seen[-1]["status"] == "open", seen
        canceled = asyncio.create_task(exchange.watch_orders("ETH/USDT"))
        await exchange.cancel_order(placed["id"], "ETH/USDT")
        assert (await canceled)[-1]["status"] == "canceled"
    finally:
        await exchange.close()


rest()
asyncio.run(asyncio.wait_for(streams(), 240))
print("ccxt: all as on Binance")
