import FoundationEssentials
import NIOHTTP1
import Trading

/// What came back for an order request, and what that means. Pure.
///
/// The rule: what is not certain is unknown. An order that is in doubt costs a wait; one that is taken for refused and was not
/// costs money.
enum OrderAnswer: Sendable {
    /// Nothing was sent, for certain.
    case notSent(reason: String)
    /// Something may have been sent, and nothing was heard.
    case nothing(reason: String)
    case response(status: Int, body: Data)

    /// What the answer says about the request, whatever it asked for.
    enum Meaning: Sendable, Hashable {
        case done(ExchangeOrder)
        case refused(code: Int?, message: String, status: Int)
        case notSent(reason: String)
        case unknown(reason: String)
    }

    var meaning: Meaning {
        switch self {
        case .notSent(let reason): return .notSent(reason: reason)
        case .nothing(let reason): return .unknown(reason: reason)
        case .response(200, let body):
            do {
                return .done(try OrderDocument.order(body))
            } catch {
                return .unknown(reason: error.message)
            }
        case .response(let status, let body):
            let document = try? JSONDecoder().decode(BinanceErrorDocument.self, from: body)
            guard (400..<500).contains(status), status != 408, status != 409 else {
                return .unknown(reason: document?.msg ?? "the exchange answered \(status)")
            }
            if let document {
                return Self.isDoubtful(document.code)
                    ? .unknown(reason: document.msg)
                    : .refused(code: document.code, message: document.msg, status: status)
            }
            // In front of the exchange itself these are said without its JSON: too many requests, or a firewall.
            guard [403, 418, 429].contains(status) else {
                return .unknown(reason: "the exchange answered \(status), and nothing that can be read")
            }
            return .refused(code: nil, message: "the exchange answered \(status)", status: status)
        }
    }

    /// -1000 UNKNOWN, -1001 DISCONNECTED, -1006 UNEXPECTED_RESP, -1007 TIMEOUT, -1008 SERVER_BUSY, -1016 SERVICE_SHUTTING_DOWN:
    /// something of the exchange's own went wrong, and how far the request had come is not said.
    private static func isDoubtful(_ code: Int) -> Bool { [-1000, -1001, -1006, -1007, -1008, -1016].contains(code) }

    /// - Parameter request: an answer about another order is no answer.
    func outcome(of request: OrderRequest) -> OrderOutcome {
        switch meaning {
        case .done(let order):
            guard order.clientOrderID == request.clientOrderID, order.symbol == request.symbol else {
                return .unknown(reason: "the exchange answered about another order")
            }
            return .accepted(order)
        case .refused(-2010, "Duplicate order sent.", _): return .duplicate
        case .refused(let code, let message, let status):
            return .rejected(Self.rejection(code, message, status))
        case .notSent(let reason): return .notSent(reason: reason)
        case .unknown(let reason): return .unknown(reason: reason)
        }
    }

    func cancelOutcome(of clientOrderID: String) -> CancelOutcome {
        switch meaning {
        case .done(let order):
            guard order.clientOrderID == clientOrderID else {
                return .unknown(reason: "the exchange answered about another order")
            }
            return .canceled(order)
        case .refused(-2011, "Unknown order sent.", _): return .notOpen
        case .refused(let code, let message, let status):
            return .rejected(Self.rejection(code, message, status))
        case .notSent(let reason): return .notSent(reason: reason)
        case .unknown(let reason): return .unknown(reason: reason)
        }
    }

    private static func rejection(_ code: Int?, _ message: String, _ status: Int) -> OrderRejection {
        OrderRejection(reason: reason(code, message, status), code: code, message: message)
    }

    private static func reason(_ code: Int?, _ message: String, _ status: Int) -> OrderRejection.Reason {
        switch code {
        case -1013 where message.hasPrefix("Filter failure"): .filter
        case -2010 where message.contains("insufficient balance"): .insufficientBalance
        case -2010 where message == "Market is closed.": .marketClosed
        case -1021: .outsideWindow
        case -1002, -1022, -2014, -2015: .unauthorized
        case -1003, -1015: .rateLimited
        case -1121: .unknownSymbol
        case .some(-1199 ... -1100), -1013: .invalid
        case _ where [403, 418, 429].contains(status): .rateLimited
        default: .other
        }
    }
}
