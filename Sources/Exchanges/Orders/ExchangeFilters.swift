package import Trading

/// The rules of a market that every order must obey, exactly as the exchange applies them. Pure.
package struct ExchangeFilters: Sendable, Hashable {
    /// Multiples of `step` between `minimum` and `maximum`; a zero switches its part of the rule off.
    package struct Range: Sendable, Hashable {
        package let minimum: FixedDecimal
        package let maximum: FixedDecimal
        package let step: FixedDecimal

        package init(minimum: FixedDecimal, maximum: FixedDecimal, step: FixedDecimal) {
            self.minimum = minimum
            self.maximum = maximum
            self.step = step
        }

        func allows(_ value: FixedDecimal) -> Bool {
            (minimum.isZero || value >= minimum) && (maximum.isZero || value <= maximum)
                && (step.isZero || value.raw % step.raw == 0)
        }
    }

    /// Between which amounts price × quantity must lie, in quote units.
    package struct Notional: Sendable, Hashable {
        package let minimum: FixedDecimal
        /// `nil`: no upper end.
        package let maximum: FixedDecimal?
        /// Market orders are judged by a recent price.
        package let minimumAppliesToMarket: Bool
        package let maximumAppliesToMarket: Bool

        package init(
            minimum: FixedDecimal,
            maximum: FixedDecimal? = nil,
            minimumAppliesToMarket: Bool,
            maximumAppliesToMarket: Bool = false
        ) {
            self.minimum = minimum
            self.maximum = maximum
            self.minimumAppliesToMarket = minimumAppliesToMarket
            self.maximumAppliesToMarket = maximumAppliesToMarket
        }
    }

    /// A rule that an order breaks; raw values are the exchange's names.
    package enum Violation: String, Sendable, Hashable {
        case price = "PRICE_FILTER"
        case lotSize = "LOT_SIZE"
        case marketLotSize = "MARKET_LOT_SIZE"
        case minimumNotional = "MIN_NOTIONAL"
        case notional = "NOTIONAL"
    }

    /// In quote units.
    package var price: Range?
    /// In base units.
    package var lotSize: Range?
    /// For market orders, besides ``lotSize``.
    package var marketLotSize: Range?
    package var minimumNotional: Notional?
    package var notional: Notional?

    package init(
        price: Range? = nil,
        lotSize: Range? = nil,
        marketLotSize: Range? = nil,
        minimumNotional: Notional? = nil,
        notional: Notional? = nil
    ) {
        self.price = price
        self.lotSize = lotSize
        self.marketLotSize = marketLotSize
        self.minimumNotional = minimumNotional
        self.notional = notional
    }

    /// The first rule that an order would break, or `nil` if the exchange would take it.
    ///
    /// - Parameter referencePrice: what a market order's amount is reckoned with: the average price of the last minutes. The
    ///   exchange may know it better, so an order close to the limit can still be refused there.
    package func violation(
        of kind: OrderRequest.Kind,
        quantity: FixedDecimal,
        referencePrice: FixedDecimal
    ) -> Violation? {
        var orderPrice = referencePrice
        var isMarket = true
        if case .limit(let limit, _) = kind {
            (orderPrice, isMarket) = (limit, false)
            if let price, !price.allows(limit) { return .price }
        }
        guard quantity.isPositive else { return .lotSize }
        if let lotSize, !lotSize.allows(quantity) { return .lotSize }
        if isMarket, let marketLotSize, !marketLotSize.allows(quantity) { return .marketLotSize }
        for (rule, violation) in [(minimumNotional, Violation.minimumNotional), (notional, .notional)] {
            guard let rule else { continue }
            if !isMarket || rule.minimumAppliesToMarket,
                Self.isProduct(orderPrice, quantity, below: rule.minimum)
            {
                return violation
            }
            if let maximum = rule.maximum, !isMarket || rule.maximumAppliesToMarket,
                Self.isProduct(orderPrice, quantity, above: maximum)
            {
                return violation
            }
        }
        return nil
    }

    /// The largest quantity not above this one that the lot rules allow, or `nil` if none is.
    package func lot(_ quantity: FixedDecimal, isMarket: Bool) -> FixedDecimal? {
        let rules = [lotSize, isMarket ? marketLotSize : nil].compactMap(\.self)
        var lot = quantity
        for rule in rules where !rule.maximum.isZero { lot = min(lot, rule.maximum) }
        let step = rules.reduce(Int128(1)) { Self.leastCommonMultiple($0, max($1.step.raw, 1)) }
        lot = lot.roundedDown(toMultipleOf: FixedDecimal(raw: step))
        return lot.isPositive && rules.allSatisfy { $0.allows(lot) } ? lot : nil
    }

    /// Whether this is too little to be sold by a market order at this price.
    package func isDust(_ quantity: FixedDecimal, at price: FixedDecimal) -> Bool {
        guard let lot = lot(quantity, isMarket: true) else { return true }
        return [minimumNotional, notional].contains { rule in
            guard let rule, rule.minimumAppliesToMarket else { return false }
            return Self.isProduct(price, lot, below: rule.minimum)
        }
    }

    /// A price cut to the tick: down for who buys, up for who sells, so that it is never worse than what was wanted.
    package func tick(_ wanted: FixedDecimal, side: Side) -> FixedDecimal {
        guard let step = price?.step, step.isPositive else { return wanted }
        let down = wanted.roundedDown(toMultipleOf: step)
        return side == .buy || down == wanted ? down : down + step
    }

    /// Compares without rounding: the product has sixteen digits after the point.
    private static func isProduct(_ a: FixedDecimal, _ b: FixedDecimal, below bound: FixedDecimal) -> Bool {
        compare(a, b, bound) < 0
    }

    private static func isProduct(_ a: FixedDecimal, _ b: FixedDecimal, above bound: FixedDecimal) -> Bool {
        compare(a, b, bound) > 0
    }

    private static func compare(_ a: FixedDecimal, _ b: FixedDecimal, _ bound: FixedDecimal) -> Int {
        let product = a.raw.magnitude.multipliedFullWidth(by: b.raw.magnitude)
        let other = bound.raw.magnitude.multipliedFullWidth(by: FixedDecimal.one.raw.magnitude)
        if product.high != other.high { return product.high < other.high ? -1 : 1 }
        if product.low != other.low { return product.low < other.low ? -1 : 1 }
        return 0
    }

    private static func leastCommonMultiple(_ a: Int128, _ b: Int128) -> Int128 {
        var (x, y) = (a, b)
        while y != 0 { (x, y) = (y, x % y) }
        return a / x * b
    }
}
