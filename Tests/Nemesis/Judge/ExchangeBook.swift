import AsyncHTTPClient
import ExchangeSimulator
import NIOCore
import TestSupport
import Trading

/// What the exchange knows of its own: every order that it was ever sent, and what the account has gained.
struct ExchangeBook: Sendable {
    struct Request: Sendable {
        let id: String
        /// Whether it was matched.
        let isAccepted: Bool
        let side: String
        /// What was traded of it, in base and in quote units.
        let executed: FixedDecimal
        let executedQuote: FixedDecimal
        /// The time that was signed into it.
        let signedAt: Int64
    }

    var requests: [Request]
    /// By asset.
    var gained: [String: FixedDecimal]

    static func read(_ url: String) async throws -> ExchangeBook {
        let log = try await get("\(url)/sim/orders")
        guard case .array(let entries)? = log["orders"] else { throw NemesisError("the exchange shows no orders") }
        let accounts = try await get("\(url)/sim/accounts")
        guard case .array(let all)? = accounts["accounts"], case .object(let balances)? = all.first?["balances"] else {
            throw NemesisError("the exchange shows no account")
        }
        return ExchangeBook(
            requests: try entries.filter { $0["kind"]?.string == "place" }.map(Request.init),
            gained: Dictionary(
                uniqueKeysWithValues: balances.map { asset, balance in
                    let has = amount(balance["free"]) + amount(balance["locked"])
                    return (asset, has - (AccountConfiguration.startingBalances[asset] ?? .zero))
                }
            )
        )
    }

    private static func get(_ url: String) async throws -> JSONValue {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(60))
        return try JSONValue(text: String(buffer: try await response.body.collect(upTo: 1 << 28)))
    }

    fileprivate static func amount(_ value: JSONValue?) -> FixedDecimal { FixedDecimal(value?.string ?? "0") ?? .zero }
}

extension ExchangeBook.Request {
    fileprivate init(_ entry: JSONValue) throws {
        guard let id = entry["client_order_id"]?.string, let signedAt = entry["timestamp"]?.string.flatMap(Int64.init)
        else { throw NemesisError("the exchange was sent an order without an id or a time") }
        self.init(
            id: id,
            isAccepted: entry["verdict"]?.string == "accepted",
            side: entry["side"]?.string?.lowercased() ?? "",
            executed: ExchangeBook.amount(entry["order"]?["executed"]),
            executedQuote: ExchangeBook.amount(entry["order"]?["executed_quote"]),
            signedAt: signedAt
        )
    }
}
