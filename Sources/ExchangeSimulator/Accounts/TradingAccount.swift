import Trading

/// One account: its key, its balances, its orders in the order in which they came.
struct TradingAccount: Sendable {
    var configuration: AccountConfiguration
    private(set) var balances: [String: Balance]
    /// When anything of it last changed.
    var updateTime = Timestamp(milliseconds: 0)
    var orderCount = OrderCount()

    init(_ configuration: AccountConfiguration) {
        self.configuration = configuration
        balances = configuration.balances.mapValues { Balance(free: $0) }
    }

    func balance(_ asset: String) -> Balance { balances[asset] ?? Balance() }

    /// Sets what is free. What is locked stays with its orders.
    mutating func set(_ asset: String, free: FixedDecimal) { balances[asset, default: Balance()].free = free }

    mutating func credit(_ asset: String, _ amount: FixedDecimal) { balances[asset, default: Balance()].free += amount }

    mutating func lock(_ asset: String, _ amount: FixedDecimal) {
        balances[asset, default: Balance()].free -= amount
        balances[asset, default: Balance()].locked += amount
    }

    /// Gives back what an order no longer needs, after `spent` of it went away.
    mutating func unlock(_ asset: String, _ amount: FixedDecimal, spent: FixedDecimal = .zero) {
        balances[asset, default: Balance()].locked -= amount
        balances[asset, default: Balance()].free += amount - spent
    }
}
