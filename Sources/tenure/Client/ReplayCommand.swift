import ArgumentParser
import FoundationEssentials
import Trading

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Shows what a strategy would have done lately: on paper, with nothing started or stored.",
        discussion: """
            Example: tenure replay BTCUSDT --mode scalp --interval 1m --set fast_period=5 --candles 2000
            """
    )

    @OptionGroup var strategy: ModeArguments

    @Option(help: "How many of the latest candles it acts on, 100 to 5000. (default: 1000)")
    var candles: Int?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        var body = try strategy.body()
        if let candles { body["candles"] = .number(.init(candles)) }
        let client = try options.client()
        let request = body
        let answer = try await withProgress("Replaying \(strategy.symbol)") {
            try await client.post("/api/replay", request)
        }
        options.print(answer, Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        var table = TextTable(["ENTRY", "PRICE", "EXIT", "PRICE", "QUANTITY", "PNL", "FEES", "REASON"])
        for trade in answer["trades"]?.array ?? [] {
            let columns = [
                "entry_time", "entry_price", "exit_time", "exit_price", "quantity", "pnl", "fees", "reason",
            ]
            table.add(columns.map { trade[$0].cell })
        }
        let trades = table.rows.isEmpty ? "" : table.text + "\n"
        return trades + """
            \(answer["candles"].cell) candles from \(answer["from"].cell) to \(answer["to"].cell): \
            \(answer["trades_count"].cell) trades, \(answer["wins"].cell) won
            pnl \(answer["pnl"].cell) (bought and held: \(answer["buy_and_hold_pnl"].cell)), fees \(answer["fees"].cell), \
            largest drawdown \(answer["max_drawdown"].cell)
            """
    }
}
