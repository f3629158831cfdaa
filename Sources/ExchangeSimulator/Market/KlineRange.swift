import Trading

/// Which candles are asked for, by their open times, both ends included.
///
/// With a `start` the earliest candles of the range are meant, without it the latest, at most `limit` of them; always
/// oldest first. This is Binance's rule.
struct KlineRange: Sendable, Hashable {
    var start: Timestamp?
    var end: Timestamp?
    var limit: Int
}
