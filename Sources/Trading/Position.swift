/// What a strategy holds in one market, and what it has earned there: average-cost accounting, exact to the eighth digit.
///
/// The cost of what is held is kept as an amount, not as an average price, so that nothing is lost to rounding: once the
/// position is flat, `realizedPnL` is exactly proceeds − cost − fees.
public struct Position: Sendable, Hashable, Codable {
    /// In base units; zero when flat. Long only: spot markets cannot go below it.
    public private(set) var quantity: FixedDecimal = .zero
    /// What was paid for `quantity`, in quote units, without fees.
    public private(set) var cost: FixedDecimal = .zero
    /// Profit and loss of everything sold so far, after all fees, in quote units.
    public private(set) var realizedPnL: FixedDecimal = .zero
    /// All fees paid so far, in quote units.
    public private(set) var fees: FixedDecimal = .zero
    /// Number of fills booked.
    public private(set) var tradesCount: Int = 0

    public init() {}

    public var isFlat: Bool { quantity.isZero }

    /// The same with nothing held.
    public var flat: Position {
        var position = self
        position.quantity = .zero
        position.cost = .zero
        return position
    }

    /// Quote units per base unit; `nil` when flat.
    public var averagePrice: FixedDecimal? { quantity.isZero ? nil : cost / quantity }

    /// What selling everything at `price` would add to the profit, before fees. Zero when flat.
    public func unrealizedPnL(at price: FixedDecimal) -> FixedDecimal { quantity * price - cost }

    /// Books a fill. A fee that was taken in the base asset leaves the position at the fill's price: what was paid is the cost
    /// of what arrived, and the fee.
    ///
    /// Selling more than is held sells what is held and books the surplus at no cost: it can only come from outside, and the
    /// position must not turn negative.
    public mutating func book(_ fill: Fill) {
        let amount = fill.price * fill.quantity
        switch fill.side {
        case .buy:
            quantity += fill.quantity - fill.baseFee
            cost += fill.baseFee.isZero ? amount : amount - fill.fee
        case .sell:
            let sold = min(fill.quantity + fill.baseFee, quantity)
            let costOfSold = sold == quantity ? cost : cost.scaled(by: sold, over: quantity)
            quantity -= sold
            cost -= costOfSold
            realizedPnL += amount - costOfSold
            // The fee is what part of the sale it was worth, and has left with the rest.
            if !fill.baseFee.isZero { realizedPnL += fill.fee }
        }
        realizedPnL -= fill.fee
        fees += fill.fee
        tradesCount += 1
    }
}
