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
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: data)
        } catch {
            throw .malformed("a stream", error)
        }
        let event = document.data ?? document.event ?? document.payload
        switch event.type {
        case "kline":
            guard let kline = event.kline, let time = event.time, kline.closeTime >= kline.openTime else {
                throw ExchangeError(
                    .malformed,
                    "a candle on a stream lacks its fields; check that the URL is the exchange's"
                )
            }
            self = .candle(
                stream: document.stream ?? Self.name(kline.symbol, interval: kline.interval),
                StreamedCandle(candle: kline.candle, isClosed: kline.isClosed, eventTime: time)
            )
        case "serverShutdown":
            self = .serverShutdown
        case "eventStreamTerminated":
            self = .ended
        case "executionReport", "outboundAccountPosition":
            self = .account(try AccountEventDocument(data).event())
        default:
            if let error = document.error {
                self = .refused(request: document.id, reason: "\(error.msg) (\(error.code))")
            } else if let id = document.id {
                self = .acknowledged(request: id)
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

    /// A message is an event wrapped with the name of its stream, or an event itself, or an answer to a request.
    private struct Document: Decodable {
        let stream: String?
        let data: Event?
        let event: Event?
        let payload: Event
        let id: Int?
        let error: Refusal?

        enum CodingKeys: CodingKey { case stream, data, event, id, error, code }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            stream = try container.decodeIfPresent(String.self, forKey: .stream)
            data = try container.decodeIfPresent(Event.self, forKey: .data)
            if data != nil {
                (event, id, error, payload) = (nil, nil, nil, Event())
                return
            }
            event = try container.decodeIfPresent(Event.self, forKey: .event)
            id = try container.decodeIfPresent(Int.self, forKey: .id)
            let isBareRefusal = container.contains(.code)
            error = try isBareRefusal ? Refusal(from: decoder) : container.decodeIfPresent(Refusal.self, forKey: .error)
            payload = try Event(from: decoder)
        }
    }

    private struct Refusal: Decodable {
        let code: Int
        let msg: String
    }

    private struct Event: Decodable {
        var type: String?
        var time: Timestamp?
        var kline: Kline?

        enum CodingKeys: String, CodingKey {
            case type = "e"
            case time = "E"
            case kline = "k"
        }

        init() {}

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decodeIfPresent(String.self, forKey: .type)
            // Under the same letters other events have other things.
            guard type == "kline" else { return }
            time = try container.decodeIfPresent(Timestamp.self, forKey: .time)
            kline = try container.decodeIfPresent(Kline.self, forKey: .kline)
        }
    }

    private struct Kline: Decodable {
        let openTime: Timestamp
        let closeTime: Timestamp
        let symbol: String
        let interval: String
        let isClosed: Bool
        let candle: Candle

        enum CodingKeys: String, CodingKey {
            case openTime = "t"
            case closeTime = "T"
            case symbol = "s"
            case interval = "i"
            case open = "o"
            case close = "c"
            case high = "h"
            case low = "l"
            case volume = "v"
            case isClosed = "x"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            openTime = try container.decode(Timestamp.self, forKey: .openTime)
            closeTime = try container.decode(Timestamp.self, forKey: .closeTime)
            symbol = try container.decode(String.self, forKey: .symbol)
            interval = try container.decode(String.self, forKey: .interval)
            isClosed = try container.decode(Bool.self, forKey: .isClosed)
            candle = try Candle(
                openTime: openTime,
                open: try container.decode(FixedDecimal.self, forKey: .open),
                high: try container.decode(FixedDecimal.self, forKey: .high),
                low: try container.decode(FixedDecimal.self, forKey: .low),
                close: try container.decode(FixedDecimal.self, forKey: .close),
                volume: try container.decode(FixedDecimal.self, forKey: .volume)
            ).checked(decoder)
        }
    }
}
