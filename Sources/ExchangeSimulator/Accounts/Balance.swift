import Trading

/// What an account has of an asset.
struct Balance: Sendable, Hashable {
    /// Can be spent.
    var free: FixedDecimal = .zero
    /// Is kept for open orders.
    var locked: FixedDecimal = .zero

    var total: FixedDecimal { free + locked }
}
