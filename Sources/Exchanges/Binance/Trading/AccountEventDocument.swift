import FoundationEssentials
import Trading

/// An event of the user data stream: `executionReport` or `outboundAccountPosition`, wrapped with the id of its subscription.
struct AccountEventDocument: Decodable {
    private struct Envelope: Decodable {
        let event: AccountEventDocument
    }

    private let value: AccountEvent

    init(_ data: Data) throws(ExchangeError) {
        self = try OrderDocument.decode(Envelope.self, data, "an account").event
    }

    func event() -> AccountEvent { value }

    private enum CodingKeys: String, CodingKey {
        case type = "e"
        case eventTime = "E"
        case balances = "B"
        case symbol = "s"
        case clientOrderID = "c"
        case originalClientOrderID = "C"
        case side = "S"
        case status = "X"
        case execution = "x"
        case orderID = "i"
        case quantity = "q"
        case price = "p"
        case executed = "z"
        case executedQuote = "Z"
        case lastQuantity = "l"
        case lastPrice = "L"
        case commission = "n"
        case commissionAsset = "N"
        case transactionTime = "T"
        case tradeID = "t"
        case orderTime = "O"
    }

    private struct Balance: Decodable {
        let a: String
        let f: FixedDecimal
        let l: FixedDecimal
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let eventTime = try fields.decode(Timestamp.self, forKey: .eventTime)
        guard try fields.decode(String.self, forKey: .type) == "executionReport" else {
            let balances = try fields.decode([Balance].self, forKey: .balances)
            let pairs = balances.map { ($0.a, AssetBalance(free: $0.f, locked: $0.l)) }
            value = .balances(Dictionary(pairs) { first, _ in first }, time: eventTime)
            return
        }
        let symbol = try fields.decode(Symbol.self, forKey: .symbol)
        let orderID = try fields.decode(Int64.self, forKey: .orderID)
        guard let side = Side(rawValue: try fields.decode(String.self, forKey: .side).lowercased()) else {
            throw DecodingError.dataCorruptedError(forKey: .side, in: fields, debugDescription: "neither BUY nor SELL")
        }
        guard let status = ExchangeOrder.Status(binance: try fields.decode(String.self, forKey: .status)) else {
            throw DecodingError.dataCorruptedError(forKey: .status, in: fields, debugDescription: "an unknown status")
        }
        // Of a cancellation, the order's own id is the original one.
        let original = try fields.decode(String.self, forKey: .originalClientOrderID)
        var trades: [ExchangeTrade] = []
        if try fields.decode(String.self, forKey: .execution) == "TRADE" {
            trades.append(
                ExchangeTrade(
                    symbol: symbol,
                    id: try fields.decode(Int64.self, forKey: .tradeID),
                    orderID: orderID,
                    side: side,
                    price: try fields.decode(FixedDecimal.self, forKey: .lastPrice),
                    quantity: try fields.decode(FixedDecimal.self, forKey: .lastQuantity),
                    commission: try fields.decode(FixedDecimal.self, forKey: .commission),
                    commissionAsset: try fields.decode(String.self, forKey: .commissionAsset),
                    time: try fields.decode(Timestamp.self, forKey: .transactionTime)
                )
            )
        }
        let order = ExchangeOrder(
            symbol: symbol,
            id: orderID,
            clientOrderID: original.isEmpty ? try fields.decode(String.self, forKey: .clientOrderID) : original,
            side: side,
            status: status,
            quantity: try fields.decode(FixedDecimal.self, forKey: .quantity),
            price: try fields.decode(FixedDecimal.self, forKey: .price),
            executed: try fields.decode(FixedDecimal.self, forKey: .executed),
            executedQuote: try fields.decode(FixedDecimal.self, forKey: .executedQuote),
            time: try fields.decode(Timestamp.self, forKey: .orderTime),
            trades: trades
        )
        value = .order(OrderReport(order: order, time: eventTime))
    }
}
