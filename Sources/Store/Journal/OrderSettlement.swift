package import Trading

/// What has become of a journalled order, as far as it is known.
package struct OrderSettlement: Sendable, Hashable {
    package let orderID: String
    package let status: JournalledOrder.Status
    /// Why, where there is something to say.
    package let reason: String?
    /// How much of it has been filled in all, in base units.
    package let filled: FixedDecimal
    package let exchangeOrderID: String?

    package init(
        orderID: String,
        status: JournalledOrder.Status,
        reason: String? = nil,
        filled: FixedDecimal,
        exchangeOrderID: String? = nil
    ) {
        self.orderID = orderID
        self.status = status
        self.reason = reason
        self.filled = filled
        self.exchangeOrderID = exchangeOrderID
    }
}
