package import Trading

/// Who may trade, and with what.
package struct AccountConfiguration: Sendable, Hashable {
    /// What a key may do, in Binance's terms. Market data needs no key.
    package enum Permission: String, Sendable, Hashable, CaseIterable {
        case trade = "TRADE"
        case userData = "USER_DATA"
        case userStream = "USER_STREAM"
    }

    package var apiKey: String
    package var apiSecret: String
    /// What is free at the beginning, by asset.
    package var balances: [String: FixedDecimal]
    package var permissions: Set<Permission>
    /// Of a taker's and of a maker's amount.
    package var takerRate: FixedDecimal
    package var makerRate: FixedDecimal
    /// In which asset commissions are paid, as long as there is enough of it; else in what an order brings in.
    package var commissionAsset: String?

    package init(
        apiKey: String,
        apiSecret: String,
        balances: [String: FixedDecimal] = Self.startingBalances,
        permissions: Set<Permission> = Set(Permission.allCases),
        takerRate: FixedDecimal = "0.001",
        makerRate: FixedDecimal = "0.001",
        commissionAsset: String? = nil
    ) {
        self.apiKey = apiKey
        self.apiSecret = apiSecret
        self.balances = balances
        self.permissions = permissions
        self.takerRate = takerRate
        self.makerRate = makerRate
        self.commissionAsset = commissionAsset
    }

    /// The account that exists when no other was asked for.
    package static let standard = AccountConfiguration(apiKey: "simulator-key", apiSecret: "simulator-secret")

    package static let startingBalances: [String: FixedDecimal] = [
        "USDT": "1000000", "BTC": "100", "ETH": "1000", "BNB": "1000",
    ]

    /// Reads `KEY:SECRET` or `KEY:SECRET:USDT=1000,BTC=0.5`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(apiKey: String(parts[0]), apiSecret: String(parts[1]))
        guard parts.count == 3 else { return }
        balances = [:]
        for balance in parts[2].split(separator: ",", omittingEmptySubsequences: false) {
            let halves = balance.split(separator: "=", omittingEmptySubsequences: false)
            guard halves.count == 2, !halves[0].isEmpty, let amount = FixedDecimal(String(halves[1])),
                !amount.isNegative
            else { return nil }
            balances[String(halves[0])] = amount
        }
    }

    /// Whether a key or secret is one that fits into a header: printable, without blanks.
    static func isUsable(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { (UInt8(ascii: "!")...UInt8(ascii: "~")).contains($0) }
    }
}
