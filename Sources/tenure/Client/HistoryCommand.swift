import ArgumentParser
import Trading

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Shows the stopped strategies, latest first.",
        discussion: "Example: tenure history BTCUSDT --limit 10"
    )

    @Argument(help: "Only of this symbol.")
    var symbol: String?

    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let query = symbol.map { ["symbol": $0] } ?? [:]
        let answer = try await options.client().list("/api/live-strategy/history", query, limit: lines.limit)
        options.print(answer, Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        let columns = [
            ("ID", "id"), ("SYMBOL", "symbol"), ("EXCHANGE", "exchange"), ("MODE", "strategy_type"),
            ("INTERVAL", "interval"), ("STARTED", "started_at"), ("STOPPED", "stopped_at"), ("REASON", "reason"),
            ("PNL", "pnl"), ("FEES", "fees"), ("TRADES", "trades_count"), ("POSITION", "position"),
            ("RESTORES", "restores"),
        ]
        return TextTable(answer, columns).text
    }
}
