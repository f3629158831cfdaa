package import Trading

/// All active strategies in a few numbers.
package struct Overview: Sendable {
    /// Those that trade in the same way, with the same money.
    package struct Book: Sendable {
        package let execution: String
        package let strategies: Int64
        /// How many of them hold something.
        package let holding: Int64
        /// What is held is worth, in quote units.
        package let exposure: FixedDecimal
        package let pnl: FixedDecimal
        /// Since midnight (UTC) of each strategy's last candle, realised and not.
        package let pnlToday: FixedDecimal
        package let unrealizedPnL: FixedDecimal
        package let fees: FixedDecimal
        /// Orders that are not settled yet.
        package let ordersUnderWay: Int64
        /// Of these: sent, and not known whether they arrived.
        package let ordersInDoubt: Int64
    }

    /// Of the database.
    package let at: Timestamp
    /// Those that there are.
    package let statuses: [StrategyStatus: Int64]
    package let books: [Book]
}
