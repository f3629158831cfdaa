package import Trading

/// Which stopped strategies are wanted; nothing set is all of them.
package struct HistorySelection: Sendable, Hashable {
    package var symbol: Symbol?
    package var mode: String?
    /// Stopped at this moment, or later.
    package var since: Timestamp?
    /// Stopped before this moment.
    package var until: Timestamp?

    package init(symbol: Symbol? = nil, mode: String? = nil, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.symbol = symbol
        self.mode = mode
        self.since = since
        self.until = until
    }
}

/// What stopped strategies came to.
package struct HistoryTotals: Sendable {
    package let strategies: Int64
    package let trades: Int64
    package let fees: FixedDecimal
    package let pnl: FixedDecimal
}
