package import Trading

/// How paper orders are filled: at the next price, on the wrong side of the spread, with a fee.
///
/// The next price is the open of the candle after the one that the order was decided on. It is known as soon as that candle
/// begins and never changes, so a fill is the same whether it was booked live or while catching up.
package struct PaperMarket: Sendable, Hashable {
    /// Half of the spread, as a fraction of the price.
    package let halfSpread: FixedDecimal
    /// The taker's fee, as a fraction of the amount, paid in quote units.
    package let fee: FixedDecimal

    /// One basis point of spread and Binance's standard fee for spot.
    package static let standard = PaperMarket(halfSpread: "0.00005", fee: "0.001")

    package init(halfSpread: FixedDecimal, fee: FixedDecimal) {
        self.halfSpread = halfSpread
        self.fee = fee
    }

    func fill(_ orderID: String, _ intent: OrderIntent, at price: FixedDecimal, time: Timestamp) -> Fill {
        let paid = intent.side == .buy ? price * (.one + halfSpread) : price * (.one - halfSpread)
        return Fill(
            orderID: orderID,
            tradeID: "paper-\(orderID)",
            side: intent.side,
            price: paid,
            quantity: intent.quantity,
            fee: paid * intent.quantity * fee,
            time: time
        )
    }
}
