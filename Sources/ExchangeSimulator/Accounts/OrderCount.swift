import Trading

/// How many orders without a fill an account has placed in each interval: Binance's `ORDERS` limits.
///
/// Intervals are counted from the server's start, on its own clock and not the market's. The first fill of an order takes it
/// off again: one as a taker, five as a maker. Pure: time comes from outside.
struct OrderCount: Sendable {
    struct Limit: Sendable, Hashable {
        /// As in `exchangeInfo`.
        let unit: String
        let number: Int
        let seconds: Int64
        let limit: Int
        /// As in `X-MBX-ORDER-COUNT-…`.
        let letter: String
    }

    static let limits = [
        Limit(unit: "SECOND", number: 10, seconds: 10, limit: 100, letter: "10S"),
        Limit(unit: "DAY", number: 1, seconds: 86_400, limit: 200_000, letter: "1D"),
    ]
    private static let takerRelief = 1
    private static let makerRelief = 5

    private var windows: [(number: Int64, count: Int)] = limits.map { _ in (0, 0) }

    /// What each interval holds.
    func counts(at now: Duration) -> [Int] {
        zip(Self.limits, windows).map { limit, window in
            window.number == now.components.seconds / limit.seconds ? window.count : 0
        }
    }

    /// Counts a new order.
    ///
    /// - Returns: if that is too many, the limit and how many seconds to wait.
    mutating func place(at now: Duration) -> (limit: Limit, retryAfter: Int)? {
        let counts = counts(at: now)
        for (limit, count) in zip(Self.limits, counts) where count >= limit.limit {
            return (limit, Int(limit.seconds - now.components.seconds % limit.seconds))
        }
        for (index, limit) in Self.limits.enumerated() {
            windows[index] = (now.components.seconds / limit.seconds, counts[index] + 1)
        }
        return nil
    }

    /// An order had its first fill.
    mutating func filled(isMaker: Bool) {
        for index in windows.indices {
            windows[index].count = max(0, windows[index].count - (isMaker ? Self.makerRelief : Self.takerRelief))
        }
    }
}
