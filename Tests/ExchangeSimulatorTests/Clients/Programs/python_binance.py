"""python-binance against the simulator: python_binance.py PORT. Exits with 0 if everything went as on Binance."""

import asyncio
import sys
import time

from binance import AsyncClient, BinanceSocketManager, Client
from binance.exceptions import BinanceAPIException

PORT = int(sys.argv[1])
KEY, SECRET = "simulator-key", "simulator-secret"


def point(client):
    client.API_URL = f"http://127.0.0.1:{PORT}/api"
    client.ws_api._url = f"ws://127.0.0.1:{PORT}/ws-api/v3"
    return client


def rest():
    client = point(Client(KEY, SECRET, ping=False))
    client.ping()
    client.timestamp_offset = client.get_server_time()["serverTime"] - int(time.time() * 1000)
    assert any(symbol["symbol"] == "BTCUSDT" for symbol in client.get_exchange_info()["symbols"])
    assert len(client.get_klines(symbol="BTCUSDT", interval="1m", limit=5)) == 5
    bought = client.order_market_buy(symbol="BTCUSDT", quantity="0.01", newClientOrderId="python-1")
    assert bought["status"] == "FILLED" and bought["fills"], bought
    resting = client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="1000.00", newClientOrderId="python-2")
    assert resting["status"] == "NEW", resting
    try:
        client.order_limit_buy(symbol="BTCUSDT", quantity="0.01", price="1000.00", newClientOrderId="python-2")
        raise AssertionError("a duplicate id was accepted")
    except BinanceAPIException as refusal:
        assert refusal.code == -2010 and refusal.message == "Duplicate order sent.", refusal
    assert client.get_order(symbol="BTCUSDT", origClientOrderId="python-2")["status"] == "NEW"
    assert [order["clientOrderId"] for order in client.get_open_orders(symbol="BTCUSDT")] == ["python-2"]
    assert client.cancel_order(symbol="BTCUSDT", origClientOrderId="python-2")["status"] == "CANCELED"
    assert [trade["orderId"] for trade in client.get_my_trades(symbol="BTCUSDT")][0] == bought["orderId"]
    assert float(client.get_asset_balance("BTC")["free"]) > 100
    assert client.create_test_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01") == {}
    client.close_connection()


async def streams():
    client = point(AsyncClient(KEY, SECRET))
    manager = BinanceSocketManager(client)
    manager.STREAM_URL = f"ws://127.0.0.1:{PORT}/"
    async with manager.kline_socket("BTCUSDT", interval="1s") as klines:
        assert (await klines.recv())["e"] == "kline"
    async with manager.user_socket() as user:
        order = await client.create_order(symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.1")
        report = await user.recv()
        assert report["e"] == "executionReport" and report["x"] == "NEW" and report["i"] == order["orderId"], report
        trade = await user.recv()
        assert trade["x"] == "TRADE" and trade["X"] == "FILLED", trade
        assert (await user.recv())["e"] == "outboundAccountPosition"
        placed = await client.ws_create_order(
            symbol="ETHUSDT", side="SELL", type="LIMIT", timeInForce="GTC", quantity="0.1", price="9000"
        )
        assert placed["status"] == "NEW", placed
        assert (await user.recv())["X"] == "NEW"
        canceled = await client.ws_cancel_order(symbol="ETHUSDT", orderId=placed["orderId"])
        assert canceled["status"] == "CANCELED", canceled
    # It waits that long for one more message before it closes.
    client.ws_api.TIMEOUT = 0.2
    await client.close_connection()


rest()
asyncio.run(asyncio.wait_for(streams(), 240))
print("python-binance: all as on Binance")
