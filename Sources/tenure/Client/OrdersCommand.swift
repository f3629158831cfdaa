import ArgumentParser
import Trading

struct OrdersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders",
        abstract: "Shows the orders of a strategy, latest first.",
        discussion: "Example: tenure orders BTCUSDT --limit 10"
    )

    @OptionGroup var strategy: StrategyArguments
    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let id = try await client.strategyID(strategy.strategy, exchange: strategy.exchange)
        options.print(try await client.list("/api/live-strategy/\(id)/orders", limit: lines.limit), Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        let columns = [
            ("AT", "created_at"), ("SIDE", "side"), ("QUANTITY", "quantity"), ("FILLED", "filled_quantity"),
            ("STATUS", "status"), ("REASON", "reason"), ("WHY NOT", "status_reason"), ("EPOCH", "epoch"),
            ("CLIENT ORDER ID", "client_order_id"), ("EXCHANGE'S ID", "exchange_order_id"),
        ]
        return TextTable(answer, columns).text
    }
}
