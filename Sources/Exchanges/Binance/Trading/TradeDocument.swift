import FoundationEssentials
import Trading

/// A row of `/api/v3/myTrades`.
struct TradeDocument: Decodable {
    let symbol: Symbol
    let id: Int64
    let orderId: Int64
    let price: FixedDecimal
    let qty: FixedDecimal
    let commission: FixedDecimal
    let commissionAsset: String
    let time: Timestamp
    let isBuyer: Bool

    static func trades(_ data: Data) throws(ExchangeError) -> [ExchangeTrade] {
        try OrderDocument.decode([TradeDocument].self, data, "trades").map { trade in
            ExchangeTrade(
                symbol: trade.symbol,
                id: trade.id,
                orderID: trade.orderId,
                side: trade.isBuyer ? .buy : .sell,
                price: trade.price,
                quantity: trade.qty,
                commission: trade.commission,
                commissionAsset: trade.commissionAsset,
                time: trade.time
            )
        }
    }
}

/// The answer of `/api/v3/account`.
struct AccountDocument: Decodable {
    struct Balance: Decodable {
        let asset: String
        let free: FixedDecimal
        let locked: FixedDecimal
    }

    let canTrade: Bool
    let balances: [Balance]

    static func account(_ data: Data) throws(ExchangeError) -> ExchangeAccount {
        let document = try OrderDocument.decode(AccountDocument.self, data, "the account")
        let balances = document.balances.map { ($0.asset, AssetBalance(free: $0.free, locked: $0.locked)) }
        return ExchangeAccount(
            canTrade: document.canTrade,
            balances: Dictionary(balances.filter { !$0.1.total.isZero }) { first, _ in first }
        )
    }
}
