import ArgumentParser
import Trading

/// Which active strategy is meant: there is at most one for a symbol on an exchange.
struct MarketArguments: ParsableArguments {
    @Argument(help: "Its symbol.")
    var symbol: String

    @Option(help: "Its exchange, if that is not the cluster's default.")
    var exchange: String?

    var body: [String: JSONValue] {
        var body: [String: JSONValue] = ["symbol": .string(symbol)]
        if let exchange { body["exchange"] = .string(exchange) }
        return body
    }
}
