package import Trading

/// Everything that can be set about a simulator.
package struct SimulatorConfiguration: Sendable {
    /// The address to listen on.
    package var host = "127.0.0.1"
    /// The port to listen on; 0 takes a free one (``SimulatorServer/port`` says which).
    package var port = 0
    /// The synthetic market is a pure function of this, the symbol and the time.
    package var seed: UInt64 = 1
    /// Recordings named `SYMBOL-INTERVAL.csv`. With any of them the market is the recorded one instead of the synthetic
    /// one.
    package var replayFiles: [String] = []
    /// How many of the synthetic market's load-test symbols, from `SIM0001USDT` on, are listed with the well-known ones. Those that
    /// are not listed can be traded all the same by whoever knows their names.
    package var listedMarkets = 0
    /// How many market seconds pass in a second of this machine.
    package var speed: Double = 1
    /// Whether market time moves only on `POST /sim/advance`.
    package var steps = false
    /// Whether the exchange's clock goes on between steps, up to the next one, while the market stands still.
    package var ticking = false
    /// Who may trade.
    package var accounts = [AccountConfiguration.standard]
    /// What the best price of the book holds, in least order values: ask for more, and deeper prices are traded too.
    package var liquidity = 1_000
    /// How many candles of the earliest recording are already history when market time begins.
    package var history = 200
    /// Where market time begins in the synthetic market; `nil`: now.
    package var startTime: Timestamp?
    /// Request weight that one address may spend in a minute.
    package var weightLimit = 6_000
    /// How often a stream connection is pinged.
    package var pingInterval: Duration = .seconds(20)
    /// How long a ping may stay unanswered before the connection is closed.
    package var pongTimeout: Duration = .seconds(60)
    /// How many streams one connection may hold.
    package var streamsPerConnection = 1_024
    /// How many messages a second a stream connection may send before it is closed.
    package var incomingMessagesPerSecond = 5
    /// How many bytes may wait for a slow reader before it is disconnected.
    package var outgoingBufferLimit = 16 * 1_024 * 1_024

    package init() {}

    package init(
        host: String = "127.0.0.1",
        port: Int = 0,
        seed: UInt64 = 1,
        replayFiles: [String] = [],
        speed: Double = 1,
        steps: Bool = false,
        history: Int = 200,
        startTime: Timestamp? = nil,
        weightLimit: Int = 6_000
    ) {
        self.host = host
        self.port = port
        self.seed = seed
        self.replayFiles = replayFiles
        self.speed = speed
        self.steps = steps
        self.history = history
        self.startTime = startTime
        self.weightLimit = weightLimit
    }

    func validate() throws(SimulatorError) {
        guard (0...65_535).contains(port) else {
            throw .invalidSetting("port must be between 0 and 65535, not \(port)")
        }
        guard speed.isFinite, speed > 0, speed <= 1_000_000 else {
            throw .invalidSetting("speed must be above 0 and at most 1000000, not \(speed)")
        }
        guard (0...SyntheticInstruments.loadTests).contains(listedMarkets) else {
            throw .invalidSetting(
                "listed markets must be between 0 and \(SyntheticInstruments.loadTests), not \(listedMarkets)"
            )
        }
        guard history >= 1 else { throw .invalidSetting("history must be at least 1, not \(history)") }
        guard weightLimit >= 1 else { throw .invalidSetting("the weight limit must be at least 1, not \(weightLimit)") }
        guard (1...1_000_000_000).contains(liquidity) else {
            throw .invalidSetting("liquidity must be between 1 and 1000000000, not \(liquidity)")
        }
        guard !ticking || steps else { throw .invalidSetting("the clock ticks between steps only: ask for steps too") }
        for account in accounts
        where !AccountConfiguration.isUsable(account.apiKey) || !AccountConfiguration.isUsable(account.apiSecret) {
            throw .invalidSetting("an account needs a key and a secret of 1 to 128 printable characters without blanks")
        }
        guard Set(accounts.map(\.apiKey)).count == accounts.count else {
            throw .invalidSetting("two accounts have the same key")
        }
        guard pingInterval > .zero, pongTimeout > .zero else {
            throw .invalidSetting("ping interval and pong timeout must be above zero")
        }
        guard streamsPerConnection >= 1, incomingMessagesPerSecond >= 1, outgoingBufferLimit >= 1_024 else {
            throw .invalidSetting(
                "streams per connection and messages per second must be at least 1, the outgoing buffer at least 1024 bytes"
            )
        }
    }
}
