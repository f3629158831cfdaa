import ArgumentParser
import Trading

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stops a strategy for good.",
        discussion: """
            Its open position is kept as it is, unless it is closed with --close. What it did is in the history.

            Examples:
              tenure stop BTCUSDT
              tenure stop BTCUSDT --close --reason "end of the trial"
            """
    )

    @OptionGroup var market: MarketArguments

    @Option(help: "Why, for the history. (default: user_stopped)")
    var reason: String?

    @Flag(help: "Close its position at the market price.")
    var close = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        var body = market.body
        if let reason { body["reason"] = .string(reason) }
        if close { body["positions"] = .string("close") }
        let client = try options.client()
        let request = body
        let answer = try await withProgress("Stopping \(market.symbol)") {
            try await client.post("/api/live-strategy/stop", request)
        }
        options.print(answer, Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        let title = "strategy \(answer["id"].cell), \(answer["symbol"].cell) (\(answer["strategy_type"].cell))"
        guard answer["status"]?.string == "stopped" else { return "Asked \(title) to stop; it is still under way" }
        return "Stopped \(title): pnl \(answer["pnl"].cell), fees \(answer["fees"].cell), "
            + "\(answer["trades_count"].cell) trades, position \(answer["position"].cell)"
    }
}
