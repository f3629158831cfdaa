package import Trading

/// Something the exchange tells of an account.
package enum AccountEvent: Sendable, Hashable {
    /// From here on everything is told.
    case joined
    /// Something may be missing from here on, until it joins again.
    case interrupted(reason: String)
    case order(OrderReport)
    /// What there is of the assets that may have changed.
    case balances([String: AssetBalance], time: Timestamp)
}

/// One step of an order's life.
package struct OrderReport: Sendable, Hashable {
    /// The order as it stands after the step; its trades are those of this step.
    package let order: ExchangeOrder
    /// When the exchange said so.
    package let time: Timestamp
}
