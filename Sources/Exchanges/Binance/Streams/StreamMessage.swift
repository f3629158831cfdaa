import FoundationEssentials
import Trading

/// What arrives on a stream connection.
enum StreamMessage: Sendable, Hashable {
    case candle(stream: String, StreamedCandle)
    case acknowledged(request: Int)
    case refused(request: Int?, reason: String)
    /// Something happened in the account.
    case account(AccountEvent)
    /// The exchange will tell nothing more of the account here.
    case ended
    /// The server is about to go away.
    case serverShutdown
    /// Some other event, of no interest here.
    case other

    init(_ data: Data) throws(ExchangeError) {
        let members: [String: JSONMessage]
        do {
            guard case .object(let object) = try JSONMessage(bytes: Array(data)) else {
                throw ExchangeError(.malformed, "it is no object")
            }
            members = object
        } catch {
            throw .malformed("a stream", error)
        }
        // An event wrapped with the name of its stream, or an event itself, or an answer to a request.
        let event = StreamFields(members["data"] ?? members["event"] ?? .object(members))
        switch event.text("e") {
        case "kline":
            guard let candle = event.candle, let symbol = event["k"].text("s"), let interval = event["k"].text("i")
            else {
                throw ExchangeError(
                    .malformed,
                    "a candle on a stream lacks its fields; check that the URL is the exchange's"
                )
            }
            self = .candle(
                stream: StreamFields(.object(members)).text("stream") ?? Self.name(symbol, interval: interval),
                candle
            )
        case "serverShutdown":
            self = .serverShutdown
        case "eventStreamTerminated":
            self = .ended
        case "executionReport", "outboundAccountPosition":
            self = .account(try AccountEventDocument(data).event())
        default:
            let answer = StreamFields(.object(members))
            let request = answer.integer("id").flatMap { Int(exactly: $0) }
            let error = members["error"].map { StreamFields($0) } ?? answer
            if let code = error.integer("code"), let message = error.text("msg") {
                self = .refused(request: request, reason: "\(message) (\(code))")
            } else if let request {
                self = .acknowledged(request: request)
            } else {
                self = .other
            }
        }
    }

    /// Under which name a pool carries the one stream of an account.
    static let accountStream = "account"

    /// The name of a candle stream: `btcusdt@kline_1m`.
    static func name(_ symbol: Symbol, _ interval: Interval) -> String {
        name(symbol.name, interval: interval.rawValue)
    }

    private static func name(_ symbol: String, interval: String) -> String {
        "\(symbol.lowercased())@kline_\(interval)"
    }
}
