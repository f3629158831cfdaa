package import Trading

/// How the API listens and how long it waits.
package struct APIConfiguration: Sendable {
    package var host: String
    /// 0 for any free one.
    package var port: Int
    /// The exchange of requests that name none.
    package var defaultExchange: String
    /// What strategies may risk whose start does not say it.
    package var defaultLimits: RiskLimits
    /// How long a request waits for what has to be asked of an exchange before anything is done.
    package var exchangeWait: Duration
    /// How long a start waits for the strategy to run before it answers 202.
    package var startWait: Duration
    /// How long a stop waits for the strategy to have stopped before it answers 202.
    package var stopWait: Duration
    /// How often a waiting request asks the database even if no notification came.
    package var recheckInterval: Duration
    /// The largest body that is read, in bytes.
    package var bodyLimit: Int
    /// How long the rest of a request may take after its headers.
    package var requestTimeout: Duration
    /// Requests a second of each sender; nil for no limit. Five seconds' worth may come at once.
    package var rateLimit: Int?
    /// Addresses of proxies, which say in X-Forwarded-For for whom they ask.
    package var trustedProxies: Set<String>
    /// Connections at a time: for a further one the one is closed that has been idle for longest. Nil for no limit.
    package var connectionLimit: Int?
    /// Nil to listen without TLS.
    package var certificate: ListenerCertificate?
    /// Connections that say nothing for so long are closed.
    package var idleTimeout: Duration

    package init(
        host: String = "127.0.0.1",
        port: Int = 8080,
        defaultExchange: String = "binance",
        defaultLimits: RiskLimits = .none,
        exchangeWait: Duration = .seconds(5),
        startWait: Duration = .seconds(5),
        stopWait: Duration = .seconds(5),
        recheckInterval: Duration = .milliseconds(250),
        bodyLimit: Int = 1 << 20,
        requestTimeout: Duration = .seconds(30),
        rateLimit: Int? = nil,
        trustedProxies: Set<String> = ["127.0.0.1", "::1"],
        connectionLimit: Int? = nil,
        certificate: ListenerCertificate? = nil,
        idleTimeout: Duration = .seconds(75)
    ) {
        self.host = host
        self.port = port
        self.defaultExchange = defaultExchange
        self.defaultLimits = defaultLimits
        self.exchangeWait = exchangeWait
        self.startWait = startWait
        self.stopWait = stopWait
        self.recheckInterval = recheckInterval
        self.bodyLimit = bodyLimit
        self.requestTimeout = requestTimeout
        self.rateLimit = rateLimit
        self.trustedProxies = trustedProxies
        self.connectionLimit = connectionLimit
        self.certificate = certificate
        self.idleTimeout = idleTimeout
    }
}
