import Foundation
import TestSupport
import Testing
import Trading

struct PositionTests {
    private func fill(
        _ side: Side,
        _ quantity: FixedDecimal,
        at price: FixedDecimal,
        fee: FixedDecimal = .zero
    ) -> Fill {
        Fill(
            orderID: "o",
            tradeID: "t",
            side: side,
            price: price,
            quantity: quantity,
            fee: fee,
            time: Timestamp(milliseconds: 0)
        )
    }

    @Test func `buying adds quantity and cost, and only fees touch the profit`() {
        var position = Position()
        position.book(fill(.buy, "0.5", at: "100", fee: "0.05"))
        position.book(fill(.buy, "1.5", at: "200", fee: "0.3"))
        #expect(position.quantity == "2")
        #expect(position.cost == "350")
        #expect(position.averagePrice == "175")
        #expect(position.fees == "0.35")
        #expect(position.realizedPnL == "-0.35")
        #expect(position.unrealizedPnL(at: "180") == "10")
        #expect(position.tradesCount == 2)
    }

    @Test func `selling a part realises its share of the cost`() {
        var position = Position()
        position.book(fill(.buy, "3", at: "10"))
        position.book(fill(.sell, "1", at: "12", fee: "0.1"))
        #expect(position.quantity == "2")
        #expect(position.cost == "20")
        #expect(position.realizedPnL == "1.9")
    }

    @Test func `selling more than is held empties the position and no more`() {
        var position = Position()
        position.book(fill(.buy, "1", at: "10"))
        position.book(fill(.sell, "3", at: "12"))
        #expect(position.isFlat)
        #expect(position.cost == .zero)
        #expect(position.realizedPnL == "26")
        position.book(fill(.sell, "1", at: "5"))
        #expect(position.quantity == .zero)
        #expect(position.realizedPnL == "31")
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `a walk that ends flat has realised exactly proceeds less cost less fees`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var position = Position()
        var (proceeds, spent, fees) = (FixedDecimal.zero, FixedDecimal.zero, FixedDecimal.zero)
        func book(_ side: Side, _ quantity: FixedDecimal) {
            // From satoshis to hundreds of thousands, with all eight digits in use.
            let scale = (0..<Int.random(in: 1...13, using: &random)).reduce(Int128(1)) { product, _ in product * 10 }
            let price = FixedDecimal(raw: Int128.random(in: 1...scale, using: &random))
            let fee = FixedDecimal(raw: Int128.random(in: 0...1_000_000, using: &random))
            position.book(fill(side, quantity, at: price, fee: fee))
            if side == .buy { spent += price * quantity } else { proceeds += price * quantity }
            fees += fee
        }
        let fills = 60
        for _ in 0..<fills {
            if position.isFlat || Bool.random(using: &random) {
                book(.buy, FixedDecimal(raw: Int128.random(in: 1...10_000_000_000, using: &random)))
            } else {
                book(.sell, FixedDecimal(raw: Int128.random(in: 1...position.quantity.raw, using: &random)))
            }
            #expect(!position.quantity.isNegative && !position.cost.isNegative)
            // Nothing is lost on the way either: what is still held carries the rest of the cost.
            #expect(position.realizedPnL == proceeds - (spent - position.cost) - fees)
        }
        if !position.isFlat { book(.sell, position.quantity) }
        #expect(position.isFlat && position.cost == .zero && position.averagePrice == nil)
        #expect(position.realizedPnL == proceeds - spent - fees)
        #expect(position.fees == fees)
        #expect(try JSONDecoder().decode(Position.self, from: JSONEncoder().encode(position)) == position)
    }

    @Test func `a flat position has no average price and nothing unrealised`() {
        #expect(Position().isFlat)
        #expect(Position().averagePrice == nil)
        #expect(Position().unrealizedPnL(at: "84316.75") == .zero)
    }
}
