import Trading

@testable import Exchanges

extension OrderRequest {
    /// That of Binance's own example of an answer.
    static let example = OrderRequest(
        symbol: "BTCUSDT",
        side: .sell,
        kind: .market,
        quantity: "10",
        clientOrderID: "6gCrw2kRUAF9CvJDGP16IP",
        signedAt: Timestamp(milliseconds: 1_507_725_176_000),
        receiveWindow: 5_000
    )
}
