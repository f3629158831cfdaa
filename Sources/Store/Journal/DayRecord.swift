package import Trading

/// From where a day's profit and loss counts.
package struct DayRecord: Sendable, Hashable {
    /// Its midnight, UTC.
    package let start: Timestamp
    /// What the strategy had earned by then, realised and not, in quote units.
    package let equity: FixedDecimal

    package init(start: Timestamp, equity: FixedDecimal) {
        self.start = start
        self.equity = equity
    }
}
