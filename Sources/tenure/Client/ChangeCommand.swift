import ArgumentParser
import Trading

struct ChangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "change",
        abstract: "Gives a strategy other parameters or limits while it runs.",
        discussion: """
            Its replica takes them over between two candles; position, orders and history stay. What is not named stays as it is; \
            the value default brings the default back. Mode, interval and exchange cannot be changed: stop it, and start another.

            Examples:
              tenure change BTCUSDT --set stop_loss_percent=0.4 --set fast_period=5
              tenure change BTCUSDT --set slow_period=default --limit daily_loss=200
            """
    )

    @OptionGroup var market: StrategyArguments

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A parameter of the mode.", valueName: "key=value"),
        transform: StartCommand.Parameter.init
    )
    var parameters: [StartCommand.Parameter] = []

    @Option(
        name: .customLong("limit"),
        help: ArgumentHelp(
            "What it may risk, in quote units: order_value, position_value, daily_loss; or orders_per_minute.",
            valueName: "key=value"
        ),
        transform: StartCommand.Parameter.init
    )
    var limits: [StartCommand.Parameter] = []

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard !(parameters.isEmpty && limits.isEmpty) else {
            throw ValidationError("say what to change: --set key=value, or --limit key=value")
        }
    }

    func run() async throws {
        var body: [String: JSONValue] = [:]
        if !parameters.isEmpty { body["config"] = .object(try Self.patch(of: parameters, "--set")) }
        if !limits.isEmpty { body["limits"] = .object(try Self.patch(of: limits, "--limit")) }
        let client = try options.client()
        let id = try await client.strategyID(market.strategy, exchange: market.exchange)
        options.print(try await client.patch("/api/live-strategy/\(id)", body), Self.text)
    }

    static func patch(of parameters: [StartCommand.Parameter], _ option: String) throws -> [String: JSONValue] {
        try StartCommand.object(of: parameters, option).mapValues { $0 == .string("default") ? .null : $0 }
    }

    static func text(_ answer: JSONValue) -> String {
        let title = "Strategy \(answer["id"].cell), \(answer["symbol"].cell) (\(answer["strategy_type"].cell))"
        let version = "version \(answer["version"].cell)"
        guard answer["version"] == answer["applied_version"] else {
            return "\(title) has \(version); it is taken over before the next candle"
        }
        return "\(title) runs \(version)"
    }
}
