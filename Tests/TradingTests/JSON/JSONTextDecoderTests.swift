import Foundation
import TestSupport
import Testing

@testable import Trading

@Suite("Reading JSON into types", .timeLimit(.minutes(5)))
struct JSONTextDecoderTests {
    private enum Side: String, Codable { case buy, sell }

    private struct Plain: Codable, Equatable {
        var text = ""
        var number = 0.0
        var small: Float = 0
        var whole: [Int64] = []
        var tiny: Int8 = 0
        var unsigned: UInt64 = 0
        var price: FixedDecimal = .zero
        var moment = Timestamp(milliseconds: 0)
        var side = Side.buy
        var flag = false
        var nothing: String?
        var sometimes: [Int?] = []
        var named: [String: [Double]] = [:]
        var numbered: [Int: Bool] = [:]
        var set: Set<String> = []
        var inner: [Plain] = []
    }

    private func any(_ random: inout SeededGenerator, depth: Int = 0) -> Plain {
        var value = Plain()
        let texts = ["", "a", "\"", #"{"a":"\u0000\\"}"#, "\n\t\u{1}\u{7F}", "é😀\u{2028}/", "ordinary words"]
        let numbers = [0, -0.0, 1, 1e300, .leastNonzeroMagnitude, .pi, 0.1, 1e16, -123_456_789.25, Double(Int64.max)]
        value.text = texts.randomElement(using: &random)!
        let factors = [1, Double.random(in: -2...2, using: &random)]
        value.number = numbers.randomElement(using: &random)! * factors.randomElement(using: &random)!
        value.small = .random(in: -1...1, using: &random)
        value.whole = [.min, .max, 0, .random(in: -9...9, using: &random)]
        value.tiny = .random(in: .min ... .max, using: &random)
        value.unsigned = .random(in: 0...(.max), using: &random)
        value.price = FixedDecimal(raw: Int128(Int64.random(in: -99_999_999_999...99_999_999_999, using: &random)))
        value.moment = Timestamp(milliseconds: .random(in: 0...4_000_000_000_000, using: &random))
        value.side = .random(using: &random) ? .buy : .sell
        value.flag = .random(using: &random)
        value.nothing = .random(using: &random) ? value.text : nil
        value.sometimes = [nil, 1, nil]
        value.named = ["b": [0.5, value.number], "a\"": [], "text: \(value.text)": [1]]
        value.numbered = [3: true, -1: false]
        // More have no order.
        value.set = [value.text]
        if depth < 2 {
            value.inner = (0..<Int.random(in: 0...2, using: &random)).map { _ in any(&random, depth: depth + 1) }
        }
        return value
    }

    /// Without Foundation's help.
    private func read<Value: Decodable>(_ type: Value.Type = Value.self, _ text: String) throws -> Value {
        try JSONReader(try JSONParser<JSONNode>.parse(Array(text.utf8))).value(type)
    }

    @Test("what was written is read as it was, to the last bit and the sign of a zero")
    func readBack() throws {
        var random = SeededGenerator(seed: 20_261_123)
        for _ in 0..<500 {
            let value = any(&random)
            for text in [
                try JSONTextEncoder.text(of: value), String(decoding: try JSONEncoder().encode(value), as: UTF8.self),
            ] {
                let value = try read(Plain.self, text)
                #expect(value == (try JSONDecoder().decode(Plain.self, from: Data(text.utf8))))
                #expect(try JSONTextEncoder.text(of: value) == JSONTextEncoder.text(of: any(from: text)))
            }
        }
        #expect(try read(Double.self, "-0").sign == .minus)
    }

    private func any(from text: String) throws -> Plain { try JSONDecoder().decode(Plain.self, from: Data(text.utf8)) }

    @Test("what does not fit is refused, as Foundation refuses it")
    func refusals() throws {
        func refuses<Value: Decodable>(_ type: Value.Type, _ text: String) {
            #expect(throws: (any Error).self) { try read(type, text) }
            #expect(throws: DecodingError.self) { try JSONTextDecoder.value(type, from: text) }
        }
        refuses(Int.self, "1.5")
        refuses(Int8.self, "128")
        refuses(UInt.self, "-1")
        refuses(Int.self, "true")
        refuses(Bool.self, "1")
        refuses(Double.self, "1e999")
        refuses(Float.self, "1e39")
        refuses(Double.self, #""1""#)
        refuses(String.self, "null")
        refuses([Int].self, #"{"a":1}"#)
        refuses([String: Int].self, "[1]")
        refuses(Side.self, #""hold""#)
        refuses(Plain.self, #"{"text":"x"}"#)
        refuses([Int].self, "[1,")
    }

    private struct Special: Codable, Equatable {
        var amount = Decimal(string: "0.10")!
        var bytes = Data([1, 2, 3])
        var place = URL(string: "https://example.org/a?b=c")
        var zero = "\u{0}"
    }

    @Test("what Foundation reads in a way of its own is left to it")
    func special() throws {
        let text = try JSONTextEncoder.text(of: Special())
        #expect(throws: (any Error).self) { try read(Special.self, text) }
        #expect(try JSONTextDecoder.value(Special.self, from: text) == Special())
        #expect(try JSONTextDecoder.value(from: try JSONTextEncoder.text(of: "\u{0}")) == "\u{0}")
    }

    private class Inherited: Codable {
        var base = 1
    }

    private final class Heir: Inherited {
        var own = 0

        private enum CodingKeys: CodingKey { case own }

        required init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            own = try members.decode(Int.self, forKey: .own)
            try super.init(from: members.superDecoder())
        }
    }

    @Test("what a class has inherited is found")
    func inheritance() throws {
        let heir = try read(Heir.self, #"{"own":2,"super":{"base":3}}"#)
        #expect((heir.own, heir.base) == (2, 3))
    }
}
