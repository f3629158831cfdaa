import Foundation
import TestSupport
import Testing
import Trading

struct FixedDecimalArithmeticTests {
    @Test(
        arguments: [
            ("0.00000001", "0.5", "0"), ("0.00000003", "0.5", "0.00000002"), ("0.00000005", "0.5", "0.00000002"),
            ("-0.00000001", "0.5", "0"), ("-0.00000003", "0.5", "-0.00000002"),
            ("0.00000001", "0.50000001", "0.00000001"),
            ("0.00000001", "0.49999999", "0"), ("1.5", "1.5", "2.25"), ("-2", "-3", "6"),
            ("84316.75", "0.00118", "99.493765"),
            ("1000000000000000000", "100000000000", "100000000000000000000000000000"),
        ]
    )
    func `a product is rounded half to even at the eighth digit`(left: String, right: String, product: String) throws {
        let (left, right) = try (#require(FixedDecimal(left)), #require(FixedDecimal(right)))
        #expect((left * right).description == product)
        #expect((right * left).description == product)
        #expect((-left * right) == -(left * right))
    }

    @Test(
        arguments: [
            ("1", "3", "0.33333333"), ("2", "3", "0.66666667"), ("-2", "3", "-0.66666667"), ("2", "-3", "-0.66666667"),
            ("-2", "-3", "0.66666667"), ("0.00000001", "2", "0"), ("0.00000003", "2", "0.00000002"),
            ("0.00000005", "2", "0.00000002"), ("100", "84316.75", "0.00118600"), ("0", "7", "0"),
            ("1000000000000000000", "0.00000001", "100000000000000000000000000"),
        ]
    )
    func `a quotient is rounded half to even at the eighth digit`(left: String, right: String, quotient: String) throws
    {
        let (left, right) = try (#require(FixedDecimal(left)), #require(FixedDecimal(right)))
        #expect(left / right == FixedDecimal(raw: try #require(FixedDecimalReference.raw(quotient))))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `products, quotients and scalings are the nearest decimals, ties to even`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let (a, b, c) = (random.operand(), random.operand(), random.operand(nonzero: true))
            let (left, right, divisor) = (FixedDecimal(raw: a), FixedDecimal(raw: b), FixedDecimal(raw: c))
            #expect(FixedDecimalReference.isNearest((left * right).raw, to: a * b, over: 100_000_000))
            #expect(FixedDecimalReference.isNearest((left / divisor).raw, to: a * 100_000_000, over: c))
            #expect(FixedDecimalReference.isNearest(left.scaled(by: right, over: divisor).raw, to: a * b, over: c))
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `products agree with Foundation's decimals under banker's rounding`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let (left, right) = (FixedDecimal(raw: random.operand()), FixedDecimal(raw: random.operand()))
            var exact = try #require(Decimal(string: left.description)) * #require(Decimal(string: right.description))
            var rounded = Decimal()
            NSDecimalRound(&rounded, &exact, 8, .bankers)
            #expect(Decimal(string: (left * right).description) == rounded)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `sums are exact and ordered like the numbers`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let (a, b) = (random.operand(), random.operand())
            let (left, right) = (FixedDecimal(raw: a), FixedDecimal(raw: b))
            #expect(left + right - right == left)
            #expect((left - right).raw == a - b)
            #expect((left < right) == (a < b))
            #expect((left.magnitude == left) == (a >= 0))
        }
    }

    @Test func `intermediate products wider than 128 bits are exact`() throws {
        // 10¹⁸ × 10¹⁸ ÷ 10¹⁸ in raw units is 10²⁶ × 10²⁶ ÷ 10²⁶: the product has 173 bits.
        let large = FixedDecimal.largestParsed
        #expect(large.scaled(by: large, over: large) == large)
        #expect((large - FixedDecimal(raw: 1)).scaled(by: large, over: large) == large - FixedDecimal(raw: 1))
        #expect(large / large == .one)
    }

    @Test(
        arguments: [
            ("0.00118634", "0.00001", "0.00118"), ("1", "0.3", "0.9"), ("0.00000999", "0.00001", "0"), ("7", "7", "7"),
            ("5", "0", "5"), ("0", "0.1", "0"),
        ]
    )
    func `rounding down gives the largest multiple that is not above`(value: String, step: String, result: String)
        throws
    {
        let (value, step) = try (#require(FixedDecimal(value)), #require(FixedDecimal(step)))
        #expect(value.roundedDown(toMultipleOf: step).description == result)
    }
}

/// What the results should be, worked out with plain integers.
private enum FixedDecimalReference {
    /// Whether `result` is numerator ÷ denominator rounded to the nearest integer, a tie to the even one.
    static func isNearest(_ result: Int128, to numerator: Int128, over denominator: Int128) -> Bool {
        let distance = (result * denominator - numerator).magnitude * 2
        return distance < denominator.magnitude || (distance == denominator.magnitude && result % 2 == 0)
    }

    static func raw(_ text: String) -> Int128? {
        let negative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split(separator: ".")
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        guard let value = Int128(parts[0] + fraction + String(repeating: "0", count: 8 - fraction.count)) else {
            return nil
        }
        return negative ? -value : value
    }
}

extension SeededGenerator {
    /// A raw value of 1 to 17 digits, either sign, often with many trailing zeros (where ties come from).
    fileprivate mutating func operand(nonzero: Bool = false) -> Int128 {
        let limit = (0..<Int.random(in: 1...17, using: &self)).reduce(Int128(1)) { product, _ in product * 10 }
        var value = Int128.random(in: -limit...limit, using: &self)
        if Bool.random(using: &self) { value -= value % 50_000 }
        return nonzero && value == 0 ? 1 : value
    }
}
