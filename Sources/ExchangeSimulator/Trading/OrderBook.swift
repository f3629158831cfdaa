import Trading

/// What can be traded at once at one moment of market time.
///
/// Nobody's orders are in it: it is a function of the price alone, so that what one client does changes nothing for another
/// and the same order at the same moment has the same fills. The last price is bid, one tick more is asked; each further tick holds
/// twice as much as the one before.
struct OrderBook: Sendable, Hashable {
    struct Level: Sendable, Hashable {
        let price: FixedDecimal
        var quantity: FixedDecimal
    }

    static let depth = 12

    let bids: [Level]
    let asks: [Level]

    /// - Parameter liquidity: what the best price holds, in least order values of the instrument.
    init(_ instrument: Instrument, price: FixedDecimal, liquidity: Int) {
        let amount = (instrument.minNotional * FixedDecimal(liquidity)) / price
        let best = max(amount.roundedDown(toMultipleOf: instrument.stepSize), instrument.stepSize)
        let tick = instrument.tickSize
        func levels(_ price: (Int) -> FixedDecimal) -> [Level] {
            (0..<Self.depth).map { index in
                Level(price: price(index), quantity: FixedDecimal(raw: best.raw << index))
            }
        }
        bids = levels { price - FixedDecimal(raw: tick.raw * Int128($0)) }.filter { $0.price.isPositive }
        asks = levels { price + FixedDecimal(raw: tick.raw * Int128($0 + 1)) }
    }

    /// What an order meets, best first.
    func opposite(_ side: Side) -> [Level] { side == .buy ? asks : bids }

    /// What an order would trade at once: prices and quantities, best first.
    func executions(of order: NewOrder, step: FixedDecimal) -> [Level] {
        var executions: [Level] = []
        var left = order.amount
        for level in opposite(order.side) {
            if order.type != .market {
                guard order.side == .buy ? level.price <= order.price : level.price >= order.price else { break }
            }
            let quantity: FixedDecimal
            switch left {
            case .quantity(let rest):
                quantity = min(rest, level.quantity)
                left = .quantity(rest - quantity)
            case .quote(let rest):
                quantity = min((rest / level.price).roundedDown(toMultipleOf: step), level.quantity)
                left = .quote(rest - quantity * level.price)
            }
            guard quantity.isPositive else { break }
            executions.append(Level(price: level.price, quantity: quantity))
        }
        return executions
    }
}
