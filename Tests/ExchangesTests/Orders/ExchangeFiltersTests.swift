import FoundationEssentials
import TestSupport
import Testing
import Trading

@testable import Exchanges

@Suite struct ExchangeFiltersTests {
    private static let filters = ExchangeFilters(
        price: ExchangeFilters.Range(minimum: "0.01", maximum: "1000000", step: "0.01"),
        lotSize: ExchangeFilters.Range(minimum: "0.00001", maximum: "9000", step: "0.00001"),
        marketLotSize: ExchangeFilters.Range(minimum: .zero, maximum: "120", step: .zero),
        minimumNotional: ExchangeFilters.Notional(minimum: "5", minimumAppliesToMarket: false),
        notional: ExchangeFilters.Notional(minimum: "5", maximum: "9000000", minimumAppliesToMarket: true)
    )

    @Test(
        arguments: [
            ("65000", "0.001", nil), ("65000.001", "0.001", .price), ("0.001", "1", .price),
            ("1000000.01", "1", .price),
            ("65000", "0.000001", .lotSize), ("65000", "0.000015", .lotSize), ("65000", "9000.00001", .lotSize),
            ("65000", "0", .lotSize), ("65000", "-1", .lotSize), ("50000", "0.0001", nil),
            ("49999.99", "0.0001", .minimumNotional),
            ("1000", "9000", nil), ("1000.01", "9000", .notional), (nil, "119", nil),
            (nil, "120.00001", .marketLotSize),
            (nil, "0.00007", .notional), (nil, "0.00008", nil),
        ] as [(FixedDecimal?, FixedDecimal, ExchangeFilters.Violation?)]
    )
    func `each rule is applied`(price: FixedDecimal?, quantity: FixedDecimal, violation: ExchangeFilters.Violation?) {
        let kind = price.map { OrderRequest.Kind.limit(price: $0, .goodTillCanceled) } ?? .market
        #expect(Self.filters.violation(of: kind, quantity: quantity, referencePrice: "65000") == violation)
    }

    @Test func `a rule that is switched off, or absent, forbids nothing`() {
        let off = ExchangeFilters(
            price: ExchangeFilters.Range(minimum: .zero, maximum: .zero, step: .zero),
            lotSize: ExchangeFilters.Range(minimum: .zero, maximum: .zero, step: .zero)
        )
        for filters in [off, ExchangeFilters()] {
            let kind = OrderRequest.Kind.limit(price: "0.12345678", .goodTillCanceled)
            #expect(filters.violation(of: kind, quantity: "0.00000001", referencePrice: .zero) == nil)
            #expect(filters.lot("0.12345678", isMarket: true) == "0.12345678")
            #expect(filters.tick("0.12345678", side: .sell) == "0.12345678")
        }
    }

    /// Amounts are compared with all sixteen digits: rounding to eight would let the first pass.
    @Test func `an amount is not rounded before it is compared`() {
        let filters = ExchangeFilters(notional: .init(minimum: "1", maximum: "2", minimumAppliesToMarket: true))
        func violation(_ price: FixedDecimal, _ quantity: FixedDecimal) -> ExchangeFilters.Violation? {
            filters.violation(of: .limit(price: price, .goodTillCanceled), quantity: quantity, referencePrice: .zero)
        }
        #expect(violation("0.33333333", "3.00000003") == .notional)
        #expect(("0.33333333" as FixedDecimal) * "3.00000003" == .one)
        #expect(violation("2.00000001", "0.99999999") == nil)
        #expect(violation("1.00000001", "1.99999999") == .notional)
        #expect(violation("1", "1") == nil && violation("1", "2") == nil)
        #expect(violation(.largestParsed, .largestParsed) == .notional)
    }

    @Test(arguments: 0..<50) func `a lot is the largest that is allowed`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        func range() -> ExchangeFilters.Range {
            ExchangeFilters.Range(
                minimum: FixedDecimal(raw: .random(in: 0...40, using: &random)),
                maximum: FixedDecimal(raw: .random(in: 0...200, using: &random)),
                step: FixedDecimal(raw: .random(in: 0...12, using: &random))
            )
        }
        for _ in 0..<50 {
            let filters = ExchangeFilters(lotSize: range(), marketLotSize: range())
            let wanted = FixedDecimal(raw: .random(in: 0...250, using: &random))
            let isMarket = Bool.random(using: &random)
            let kind: OrderRequest.Kind = isMarket ? .market : .limit(price: .one, .goodTillCanceled)
            let allowed = (0...wanted.raw).reversed().map(FixedDecimal.init(raw:)).first {
                filters.violation(of: kind, quantity: $0, referencePrice: .one) == nil
            }
            #expect(filters.lot(wanted, isMarket: isMarket) == allowed, "seed \(seed): \(filters) \(wanted)")
        }
    }

    @Test func `a price is cut in the favour of who wants it`() {
        #expect(Self.filters.tick("100.019", side: .buy) == "100.01")
        #expect(Self.filters.tick("100.011", side: .sell) == "100.02")
        #expect(Self.filters.tick("100.01", side: .sell) == "100.01")
    }
}
