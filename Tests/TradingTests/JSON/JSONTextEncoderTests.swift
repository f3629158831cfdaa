import Foundation
import TestSupport
import Testing

@testable import Trading

@Suite("Writing JSON", .timeLimit(.minutes(5)))
struct JSONTextEncoderTests {
    private struct Everything: Codable, Equatable {
        var text = ""
        var number = 0.0
        var small: Float = 0
        var integers: [Int64] = []
        var unsigned: UInt64 = 0
        var price: FixedDecimal = .zero
        var moment = Timestamp(milliseconds: 0)
        var amount = Decimal(0)
        var bytes = Data()
        var place = URL(string: "https://example.org/a?b=c")
        var flag = false
        var nothing: String?
        var named: [String: [Double]] = [:]
        var numbered: [Int: Bool] = [:]
        var inner: [Everything] = []
    }

    private func any(_ random: inout SeededGenerator, depth: Int = 0) -> Everything {
        var value = Everything()
        let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "/", "\n", "\u{1}", "\u{1F}", "\u{7F}", "é", "😀", "\u{2028}"]
        value.text = String(
            String.UnicodeScalarView(
                (0..<Int.random(in: 0...12, using: &random)).map { _ in scalars.randomElement(using: &random)! }
            )
        )
        let doubles = [0, -0.0, 1, 1e300, .leastNonzeroMagnitude, .pi, 0.1, 1e16, -123_456_789.25, Double(Int64.max)]
        value.number = doubles.randomElement(using: &random)! * Double.random(in: -2...2, using: &random)
        value.small = .random(in: -1...1, using: &random)
        value.integers = [.min, .max, 0, .random(in: -9...9, using: &random)]
        value.unsigned = .random(in: 0...(.max), using: &random)
        value.price = FixedDecimal(raw: Int128(Int64.random(in: -99_999_999_999...99_999_999_999, using: &random)))
        value.moment = Timestamp(milliseconds: .random(in: 0...4_000_000_000_000, using: &random))
        value.amount = Decimal(Int.random(in: -9_999...9_999, using: &random)) / 1_000
        value.bytes = Data(
            (0..<Int.random(in: 0...5, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        )
        value.flag = .random(using: &random)
        value.nothing = .random(using: &random) ? value.text : nil
        value.named = ["b": [0.5, value.number], "a\"": [], "text: \(value.text)": [1]]
        value.numbered = [3: true, -1: false]
        if depth < 2 {
            value.inner = (0..<Int.random(in: 0...2, using: &random)).map { _ in any(&random, depth: depth + 1) }
        }
        return value
    }

    @Test("what is written is read back as it was, to the last bit")
    func readBack() throws {
        var random = SeededGenerator(seed: 20_260_401)
        for _ in 0..<500 {
            let value = any(&random)
            let text = try JSONTextEncoder.text(of: value)
            let read = try JSONDecoder().decode(Everything.self, from: Data(text.utf8))
            #expect(read == value)
            #expect(try JSONTextEncoder.text(of: read) == text, "the same value, the same text")
        }
    }

    @Test("keys are sorted, and nothing is written that need not be")
    func text() throws {
        #expect(
            try JSONTextEncoder.text(of: ["b": [1.0, 0.25], "a": [], "é/\n": [1e-7]])
                == #"{"a":[],"b":[1,0.25],"é/\u000a":[1e-07]}"#
        )
        #expect(try JSONTextEncoder.text(of: "x") == #""x""#)
        #expect(try JSONTextEncoder.text(of: [Int?.none, 1]) == "[null,1]")
        #expect(try JSONTextEncoder.text(of: [String: Int]()) == "{}")
    }

    private class Inherited: Codable {
        var base = 1
    }

    private final class Heir: Inherited {
        var own: Int

        init(own: Int) {
            self.own = own
            super.init()
        }

        private enum CodingKeys: CodingKey { case own }

        required init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: CodingKeys.self)
            own = try members.decode(Int.self, forKey: .own)
            try super.init(from: members.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            try members.encode(own, forKey: .own)
            try super.encode(to: members.superEncoder())
        }
    }

    @Test("what a class has inherited is written where it is looked for")
    func inheritance() throws {
        let heir = Heir(own: 2)
        heir.base = 3
        let text = try JSONTextEncoder.text(of: heir)
        #expect(text == #"{"own":2,"super":{"base":3}}"#)
        #expect(try JSONDecoder().decode(Heir.self, from: Data(text.utf8)).base == 3)
    }

    /// Holds containers and encoders for longer than it need, and turns from one to the other.
    private struct Interleaved: Encodable {
        private enum CodingKeys: CodingKey { case z, list, y, object, a, own }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: CodingKeys.self)
            var list = members.nestedUnkeyedContainer(forKey: .list)
            try list.encode(1)
            var object = members.nestedContainer(keyedBy: CodingKeys.self, forKey: .object)
            try members.encode(2, forKey: .z)
            var inner = list.nestedContainer(keyedBy: CodingKeys.self)
            try list.encode("three")
            try object.encode(["b": 4, "a": 5], forKey: .y)
            try inner.encode(6, forKey: .z)
            try inner.encode([7], forKey: .a)
            let own = members.superEncoder(forKey: .own)
            try members.encode(["x", "y"], forKey: .a)
            try object.encodeNil(forKey: .a)
            var rest = list.nestedUnkeyedContainer()
            try list.encode([8])
            try rest.encode(9)
            #expect(list.count == 5)
            try 10.5.encode(to: own)
            // What cannot be written, and is gone on without.
            #expect(throws: EncodingError.self) { try members.encode(["c": 1, "d": Double.nan], forKey: .y) }
            #expect(throws: EncodingError.self) { try rest.encode(Double.infinity) }
        }
    }

    @Test("containers may be used in any order, and what was refused is null")
    func interleaved() throws {
        let expected =
            #"{"a":["x","y"],"list":[1,{"a":[7],"z":6},"three",[9,null],[8]],"#
            + #""object":{"a":null,"y":{"a":5,"b":4}},"own":10.5,"y":null,"z":2}"#
        #expect(try JSONTextEncoder.text(of: Interleaved()) == expected)
    }

    @Test("an error says where in the value it is")
    func errorPath() throws {
        do {
            _ = try JSONTextEncoder.text(of: ["a": ["b": [1, Double.nan]]])
            Issue.record("it was written")
        } catch EncodingError.invalidValue(_, let context) {
            #expect(context.codingPath.map(\.stringValue) == ["a", "b"])
        }
    }

    @Test("numbers that JSON does not have are refused", arguments: [Double.infinity, -.infinity, .nan])
    func numbers(number: Double) {
        #expect(throws: EncodingError.self) { try JSONTextEncoder.text(of: ["a": [number]]) }
        #expect(throws: EncodingError.self) { try JSONTextEncoder.text(of: Float(number)) }
    }
}
