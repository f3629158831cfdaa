import ArgumentParser
import Trading

/// What is traded, where, and how.
struct ModeArguments: ParsableArguments {
    @Argument(help: "What it trades: BTCUSDT.")
    var symbol: String

    @Option(help: "What it does: scalp, …")
    var mode: String

    @Option(help: "Its candles: 1s, 1m, 5m, …")
    var interval: String

    @Option(help: "Where it trades, if not on the cluster's default exchange.")
    var exchange: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A parameter of the mode. What is not set has its default.", valueName: "key=value"),
        transform: StartCommand.Parameter.init
    )
    var parameters: [StartCommand.Parameter] = []

    func body() throws -> [String: JSONValue] {
        var body: [String: JSONValue] = [
            "symbol": .string(symbol), "mode": .string(mode), "interval": .string(interval),
            "config": .object(try StartCommand.object(of: parameters, "--set")),
        ]
        if let exchange { body["exchange"] = .string(exchange) }
        return body
    }
}
