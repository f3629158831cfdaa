import FoundationEssentials
import Trading

/// The answer of `/api/v3/klines`: an array of arrays, oldest first.
struct KlineDocument: Decodable {
    /// `[openTime, open, high, low, close, volume, closeTime, …]`
    struct Row: Decodable {
        let candle: Candle
        let closeTime: Timestamp

        init(from decoder: any Decoder) throws {
            var fields = try decoder.unkeyedContainer()
            candle = try Candle(
                openTime: try fields.decode(Timestamp.self),
                open: try fields.decode(FixedDecimal.self),
                high: try fields.decode(FixedDecimal.self),
                low: try fields.decode(FixedDecimal.self),
                close: try fields.decode(FixedDecimal.self),
                volume: try fields.decode(FixedDecimal.self)
            ).checked(decoder)
            closeTime = try fields.decode(Timestamp.self)
        }
    }

    let rows: [Row]

    init(from decoder: any Decoder) throws {
        rows = try decoder.singleValueContainer().decode([Row].self)
    }

    /// - Parameter from: no row may be older.
    init(_ data: Data, from: Timestamp) throws(ExchangeError) {
        do {
            self = try JSONDecoder().decode(KlineDocument.self, from: data)
        } catch {
            throw .malformed("klines", error)
        }
        var earliest = from
        for row in rows {
            guard row.candle.openTime >= earliest, row.closeTime >= row.candle.openTime else {
                throw ExchangeError(
                    .malformed,
                    "the exchange's klines are out of order; if this persists, report it with the URL in use"
                )
            }
            earliest = row.candle.openTime + 1
        }
    }
}

/// The answer of `/api/v3/time`.
struct ServerTimeDocument: Decodable {
    let serverTime: Timestamp

    init(_ data: Data) throws(ExchangeError) {
        do {
            self = try JSONDecoder().decode(ServerTimeDocument.self, from: data)
        } catch {
            throw .malformed("server time", error)
        }
    }
}

extension ExchangeError {
    static func malformed(_ what: String, _ error: any Error) -> ExchangeError {
        ExchangeError(
            .malformed,
            "the exchange's answer about \(what) cannot be read; check that the configured URL is the exchange's",
            underlying: error
        )
    }
}
