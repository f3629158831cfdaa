package import Trading

/// What an account has and may do.
package struct ExchangeAccount: Sendable, Hashable {
    package let canTrade: Bool
    /// Those that are not zero, by asset.
    package let balances: [String: AssetBalance]
}

/// How much of an asset there is.
package struct AssetBalance: Sendable, Hashable {
    /// Can be spent.
    package let free: FixedDecimal
    /// Kept for open orders.
    package let locked: FixedDecimal

    package var total: FixedDecimal { free + locked }
}
