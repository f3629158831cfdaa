package import Trading

/// How far a strategy got, and all that it needs to go on elsewhere.
package struct Checkpoint: Sendable, Equatable {
    /// Open time of the last candle processed.
    package let cursor: Timestamp
    /// Candles processed since the start.
    package let candles: Int
    /// The runner's state as JSON text, opaque to the database.
    package let state: String
    /// Repeated from the state, for people and queries.
    package let position: Position
    /// The last price seen, in quote units.
    package let lastPrice: FixedDecimal
    /// Reports about orders taken so far.
    package let reports: Int
    /// What is held, at its cost, and what entries under way may add, in quote units.
    package let exposure: FixedDecimal
    /// Repeated from the state, for people and queries.
    package let day: DayRecord?
    package let limit: ReachedLimit?
    /// Of the parameters that the state was made with.
    package let version: Int64
    /// Up to which of the wishes to close the position all have been dealt with.
    package let closed: Int64

    package init(
        cursor: Timestamp,
        candles: Int,
        state: String,
        position: Position,
        lastPrice: FixedDecimal,
        reports: Int = 0,
        exposure: FixedDecimal = .zero,
        day: DayRecord? = nil,
        limit: ReachedLimit? = nil,
        version: Int64 = 1,
        closed: Int64 = 0
    ) {
        self.cursor = cursor
        self.candles = candles
        self.state = state
        self.position = position
        self.lastPrice = lastPrice
        self.reports = reports
        self.exposure = exposure
        self.day = day
        self.limit = limit
        self.version = version
        self.closed = closed
    }
}
