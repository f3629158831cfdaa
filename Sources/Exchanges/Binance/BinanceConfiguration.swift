/// Where Binance is and how it wants to be treated. The defaults are those of the real one, spot.
package struct BinanceConfiguration: Sendable {
    package var restURL: String
    package var streamURL: String
    /// The WebSocket API, which tells what happens in an account.
    package var accountStreamURL: String
    /// Whose account to trade on; without, there is only the market.
    package var credentials: BinanceCredentials?
    /// How long the exchange's clock is estimated from one answer before it is asked again. Zero: it is asked each time.
    package var clockLifetime: Duration = .seconds(60)

    /// Request weight that may be used in any minute. The exchange's own figure (from `exchangeInfo`) lowers it.
    package var weightPerMinute = 6000
    /// REST requests under way at once.
    package var concurrentRequests = 32
    /// How long a request may wait for its turn (weight, or the end of a penalty) before it is refused as rate limited.
    package var longestQueueing: Duration = .seconds(120)
    /// How long to stay quiet after a refusal for too many requests (429) that does not say how long.
    package var penalty: Duration = .seconds(5)
    /// For one attempt of a request, answer included.
    package var requestTimeout: Duration = .seconds(10)
    /// Attempts of one request; only network failures and 5xx are tried again.
    package var requestAttempts = 4

    /// Streams on one connection before another is opened. Binance refuses more than 1024.
    package var streamsPerConnection = 200
    /// For TCP, TLS and the upgrade together.
    package var connectTimeout: Duration = .seconds(10)
    /// Silence after which a connection is pinged; Binance pings every 20 s of its own.
    package var silenceBeforePing: Duration = .seconds(60)
    /// Silence after that ping before the connection is given up.
    package var pingTimeout: Duration = .seconds(10)
    /// Age at which a connection is replaced, without a gap. Binance cuts it at 24 h.
    package var connectionLifetime: Duration = .seconds(23 * 3600)
    /// How long a replaced connection is kept beside its successor.
    package var renewalOverlap: Duration = .seconds(5)
    /// The largest message accepted on a stream, in bytes.
    package var largestMessage = 1 << 20

    /// Streamed candles kept for one consumer; what goes beyond is fetched again later.
    package var bufferedCandles = 512
    /// Between repeated connection attempts and repeated requests.
    package var backOff = BackOffPolicy()
    /// How long what is known about a market stays good.
    package var marketLifetime: Duration = .seconds(3600)

    package init(
        restURL: String = "https://api.binance.com",
        streamURL: String = "wss://stream.binance.com:9443",
        accountStreamURL: String = "wss://ws-api.binance.com:443/ws-api/v3",
        credentials: BinanceCredentials? = nil
    ) {
        self.restURL = restURL
        self.streamURL = streamURL
        self.accountStreamURL = accountStreamURL
        self.credentials = credentials
    }
}
