import Trading

/// The members of a message on a stream, each of which may be missing or something else.
///
/// Candles come this way, and orders wait for them: `JSONDecoder` takes about one and a half times as long.
struct StreamFields {
    private let members: [String: JSONMessage]

    init(_ value: JSONMessage) {
        members = if case .object(let members) = value { members } else { [:] }
    }

    subscript(_ key: String) -> StreamFields { StreamFields(members[key] ?? .null) }

    func text(_ key: String) -> String? { if case .string(let text) = members[key] { text } else { nil } }

    func bool(_ key: String) -> Bool? { if case .bool(let value) = members[key] { value } else { nil } }

    func integer(_ key: String) -> Int64? { members[key]?.integer }

    func moment(_ key: String) -> Timestamp? { integer(key).flatMap { Timestamp(told: $0) } }

    func decimal(_ key: String) -> FixedDecimal? { text(key).flatMap { FixedDecimal($0) } }

    /// Of a `kline` event.
    var candle: StreamedCandle? {
        let kline = self["k"]
        guard let eventTime = moment("E"), let start = kline.moment("t"), let end = kline.moment("T"), end >= start,
            let open = kline.decimal("o"), let high = kline.decimal("h"), let low = kline.decimal("l"),
            let close = kline.decimal("c"), let volume = kline.decimal("v"), let isClosed = kline.bool("x")
        else { return nil }
        let candle = Candle(openTime: start, open: open, high: high, low: low, close: close, volume: volume)
        return candle.isPlausible ? StreamedCandle(candle: candle, isClosed: isClosed, eventTime: eventTime) : nil
    }
}
