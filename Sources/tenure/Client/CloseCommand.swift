import ArgumentParser
import Trading

struct CloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close",
        abstract: "Closes a strategy's position at the market price, and lets it run on.",
        discussion: """
            It may open another one as soon as it sees a reason to, unless it is paused with --pause.

            Examples:
              tenure close BTCUSDT
              tenure close BTCUSDT --pause --reason "the news"
            """
    )

    @OptionGroup var market: MarketArguments

    @Option(help: "Why, for the record.")
    var reason: String?

    @Flag(help: "Keep it from opening another position, until it is resumed.")
    var pause = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        var body = market.body
        if let reason { body["reason"] = .string(reason) }
        if pause { body["pause"] = .bool(true) }
        let client = try options.client()
        let request = body
        let answer = try await withProgress("Closing the position in \(market.symbol)") {
            try await client.post("/api/live-strategy/close", request)
        }
        options.print(answer, Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        let title = "strategy \(answer["id"].cell), \(answer["symbol"].cell) (\(answer["strategy_type"].cell))"
        guard answer["closing"] == .bool(false) else {
            return "Asked \(title) to close its position; it is still under way"
        }
        return "Closed the position of \(title): pnl \(answer["pnl"].cell), fees \(answer["fees"].cell), "
            + "position \(answer["position"].cell); it is \(answer["status"].cell)"
    }
}
