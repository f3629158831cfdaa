import FoundationEssentials
import NIOHTTP1
import Trading

/// One request on a `/ws-api/v3` connection.
struct SocketRequest: Sendable, Hashable {
    /// Whatever the client chose: a number, a text, or nothing.
    let id: JSONValue
    let method: String
    var parameters: [String: String]

    /// Which REST request a method is the same as.
    private static let routes: [String: (HTTPMethod, String)] = [
        "ping": (.GET, "/api/v3/ping"), "time": (.GET, "/api/v3/time"), "exchangeInfo": (.GET, "/api/v3/exchangeInfo"),
        "klines": (.GET, "/api/v3/klines"), "uiKlines": (.GET, "/api/v3/uiKlines"), "depth": (.GET, "/api/v3/depth"),
        "avgPrice": (.GET, "/api/v3/avgPrice"), "ticker.price": (.GET, "/api/v3/ticker/price"),
        "ticker.book": (.GET, "/api/v3/ticker/bookTicker"), "ticker.24hr": (.GET, "/api/v3/ticker/24hr"),
        "order.place": (.POST, "/api/v3/order"), "order.test": (.POST, "/api/v3/order/test"),
        "order.cancel": (.DELETE, "/api/v3/order"), "order.status": (.GET, "/api/v3/order"),
        "openOrders.status": (.GET, "/api/v3/openOrders"), "openOrders.cancelAll": (.DELETE, "/api/v3/openOrders"),
        "allOrders": (.GET, "/api/v3/allOrders"), "myTrades": (.GET, "/api/v3/myTrades"),
        "account.status": (.GET, "/api/v3/account"), "account.commission": (.GET, "/api/v3/account/commission"),
        "account.rateLimits.orders": (.GET, "/api/v3/rateLimit/order"),
    ]

    /// - Throws: the refusal, with the id if there is one.
    init(_ text: String) throws(Refusal) {
        guard case .object(let fields) = try? JSONValue(text: text) else {
            throw Refusal(id: .null, error: APIError(code: -1135, "Invalid JSON Request"))
        }
        switch fields["id"] ?? .null {
        case .null, .number, .string: id = fields["id"] ?? .null
        default: throw Refusal(id: .null, error: .illegalCharacters("id", range: "^[a-zA-Z0-9-_]{1,36}$"))
        }
        guard case .string(let name) = fields["method"] else {
            throw Refusal(id: id, error: .missing("method"))
        }
        method = name.hasPrefix("v3/") ? String(name.dropFirst(3)) : name
        switch fields["params"] ?? .object([:]) {
        case .object(let values):
            parameters = values.filter { $0.value != .null }.mapValues { value in
                if case .string(let text) = value { text } else { value.text }
            }
        default: throw Refusal(id: id, error: APIError(code: -1135, "JSON sent for parameter 'params' is not valid"))
        }
    }

    struct Refusal: Error, Sendable, Hashable {
        let id: JSONValue
        let error: APIError
    }

    /// The REST request that this is the same as, if it is one.
    func request(address: String) -> SimulatorRequest? {
        Self.routes[method].map { method, path in
            SimulatorRequest(method: method, path: path, query: "", socketParameters: parameters, address: address)
        }
    }
}
