import ArgumentParser
import Trading

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows who started, stopped, changed and halted what, latest first. For admins.",
        discussion: """
            It is kept for good. Names are those of the access tokens: what was done where none are configured is not shown.

            Examples:
              tenure audit --by alice
              tenure audit --symbol BTCUSDT --limit 10
            """
    )

    @Option(help: "Only what was done with tokens of this name.")
    var by: String?

    @Option(help: "Only to strategies on this symbol.")
    var symbol: String?

    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let query = ["by": by, "symbol": symbol].compactMapValues { $0 }
        options.print(try await options.client().list("/api/audit", query, limit: lines.limit), Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        var table = TextTable(["AT", "BY", "WHAT", "SYMBOL", "EXCHANGE", "STRATEGY", "REPLICA", "DETAILS"])
        for entry in answer["items"]?.array ?? [] {
            var details: [String] = []
            if case .object(let members)? = entry["details"] {
                // What has a column of its own.
                let shown: Set<String> = ["by", "symbol", "exchange"]
                for (name, value) in members.sorted(by: { $0.key < $1.key }) where !shown.contains(name) {
                    details.append("\(name)=\(value.cell)")
                }
            }
            table.add([
                entry["at"].cell, entry["by"].cell, entry["kind"].cell, entry["symbol"].cell, entry["exchange"].cell,
                entry["strategy_id"].cell, entry["replica_id"].cell, details.joined(separator: " "),
            ])
        }
        return table.text
    }
}
