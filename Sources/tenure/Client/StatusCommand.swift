import ArgumentParser
import Glibc
import Trading

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows the active strategies, whoever runs them.",
        discussion: """
            Examples:
              tenure status
              tenure status --watch
              tenure status --status orphaned --json
            """
    )

    @Argument(help: "Only of this symbol.")
    var symbol: String?

    @Option(help: "Only on this exchange.")
    var exchange: String?

    @Option(help: "Only with this status: running, orphaned, …")
    var status: String?

    @Flag(help: "Look again every second, until Ctrl-C.")
    var watch = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let query = ["symbol": symbol, "exchange": exchange, "status": status].compactMapValues { $0 }
        while true {
            let list = try await client.list("/api/live-strategy/status", query)
            let answer = JSONValue.object([
                "items": list["items"] ?? .array([]), "halt": try await client.get("/api/halt"),
            ])
            if watch, !options.json, isatty(STDOUT_FILENO) == 1 {
                // Home, and nothing below: ECMA-48, CUP and ED.
                print("\u{1B}[H\u{1B}[2J", terminator: "")
            }
            options.print(answer, Self.text)
            guard watch else { return }
            fflush(nil)
            // The event stream does not tell of positions and candles: from outside, there is only asking.
            try await Task.sleep(for: Self.pause)
        }
    }

    private static let pause = Duration.seconds(1)

    static func text(_ answer: JSONValue) -> String {
        let strategies = answer["items"]?.array ?? []
        var table = TextTable([
            "ID", "SYMBOL", "EXCHANGE", "MODE", "INTERVAL", "STATUS", "OWNER", "EPOCH", "RESTORES", "CANDLES",
            "LAST CANDLE", "POSITION", "PNL", "TRADES",
        ])
        for strategy in strategies {
            table.add(
                ["id", "symbol", "exchange", "strategy_type", "interval", "status"].map { strategy[$0].cell }
                    + [strategy["owner"].replicaCell]
                    + ["epoch", "restores", "candles", "last_candle", "position", "pnl", "trades_count"].map {
                        strategy[$0].cell
                    }
            )
        }
        var notes: [String] = []
        if let halt = answer["halt"], halt["halted"] == .bool(true) { notes.append(HaltCommand.text(halt)) }
        for strategy in strategies {
            guard let reached = strategy["limit_reached"], reached != .null else { continue }
            notes.append(
                "\(strategy["symbol"].cell) opens nothing, \(reached["limit"].cell): \(reached["reason"].cell)"
            )
        }
        let orphans = strategies.count { $0["status"]?.string == "orphaned" }
        if orphans > 0 { notes.append("\(orphans) orphaned: run by nobody, until a replica has room for them.") }
        return ([table.text] + notes).joined(separator: "\n\n")
    }
}
