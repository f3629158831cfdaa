import Foundation
import TestSupport
import Testing
import Trading

struct FixedDecimalTextTests {
    /// `FixedDecimal("1")` with a literal would not parse, but be a literal.
    private func read(_ text: String) -> FixedDecimal? { FixedDecimal(text) }

    @Test(
        arguments: [
            ("0", 0), ("1", 100_000_000), ("-1", -100_000_000), ("+1", 100_000_000), ("0.00000001", 1),
            ("-0.00000001", -1), ("12.5", 1_250_000_000), ("007.10", 710_000_000), ("0.1000000000000000", 10_000_000),
            ("-0", 0), ("0.0", 0), ("84316.75", 8_431_675_000_000),
        ] as [(String, Int128)]
    )
    func `plain decimal text is read exactly`(text: String, raw: Int128) {
        #expect(FixedDecimal(text)?.raw == raw)
    }

    @Test(
        arguments: [
            "", "-", "+", ".", "1.", ".5", "-.5", "1..2", "1.2.3", "1e5", "1E-2", " 1", "1 ", "1,5", "--1", "+-1", "1-",
            "0x10", "NaN", "inf", "١", "0.000000001", "1.123456789", "1_000", "\u{0}1", "1\n",
        ]
    )
    func `anything else is refused, nothing is rounded`(text: String) {
        #expect(FixedDecimal(text) == nil)
    }

    @Test func `the largest magnitude that is read is ten to the eighteenth`() {
        #expect(read("1000000000000000000") == FixedDecimal.largestParsed)
        #expect(read("-1000000000000000000") == -FixedDecimal.largestParsed)
        #expect(read("0000000000000000000000000001000000000000000000.00000000000000") == .largestParsed)
        #expect(read("1000000000000000000.00000001") == nil)
        #expect(read("1000000000000000001") == nil)
        #expect(FixedDecimal(String(repeating: "9", count: 10_000)) == nil)
    }

    @Test(
        arguments: [
            (0, "0"), (1, "0.00000001"), (-1, "-0.00000001"), (10, "0.0000001"), (100_000_000, "1"),
            (-150_000_000, "-1.5"), (100_000_001, "1.00000001"), (1_000_000_000_000, "10000"),
            (Int128.max, "1701411834604692317316873037158.84105727"),
            (Int128.min, "-1701411834604692317316873037158.84105728"),
        ] as [(Int128, String)]
    )
    func `text is plain, without trailing zeros`(raw: Int128, text: String) {
        #expect(FixedDecimal(raw: raw).description == text)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `text is read back to the same number, and agrees with Foundation's`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let digits = Int.random(in: 1...26, using: &random)
            let limit = (0..<digits).reduce(Int128(1)) { product, _ in product * 10 }
            let value = FixedDecimal(raw: Int128.random(in: -limit...limit, using: &random))
            #expect(FixedDecimal(value.description) == value)
            #expect(try #require(Decimal(string: value.description)) * 100_000_000 == Decimal(string: "\(value.raw)"))
        }
    }

    @Test func `as JSON it is a string, and only a decimal string is read`() throws {
        let value: FixedDecimal = "-12.00340"
        let data = try JSONEncoder().encode([value])
        #expect(String(decoding: data, as: UTF8.self) == #"["-12.0034"]"#)
        #expect(try JSONDecoder().decode([FixedDecimal].self, from: data) == [value])
        for text in [#"["1e3"]"#, "[1]", "[true]", "[null]", #"[""]"#] {
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode([FixedDecimal].self, from: Data(text.utf8))
            }
        }
    }

    @Test func `the 64-bit form holds up to ninety-two billion and says so beyond`() {
        #expect(read("92233720368.54775807")?.int64 == .max)
        #expect(read("92233720368.54775808")?.int64 == nil)
        #expect(read("-92233720368.54775808")?.int64 == .min)
        #expect(FixedDecimal(int64: -5).description == "-0.00000005")
    }

    @Test func `the nearest double is correctly rounded for market prices`() {
        #expect(read("84316.75")?.doubleValue == 84316.75)
        #expect(read("0.00005281")?.doubleValue == 0.00005281)
        #expect(read("-0.1")?.doubleValue == -0.1)
    }
}
