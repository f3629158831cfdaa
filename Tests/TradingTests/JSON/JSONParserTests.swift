import Foundation
import TestSupport
import Testing

@testable import Trading

@Suite("Reading JSON", .timeLimit(.minutes(5)))
struct JSONParserTests {
    private func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue {
        try JSONParser<JSONValue>.parse(Array(text.utf8))
    }

    @Test("every kind of value is read")
    func values() throws {
        let text = #" {"a": [1, -2.5e2, 0, true, false, null], "b": {"c": "x\n\u00e9\ud83d\ude00\/"}, "": ""} "#
        let expected: JSONValue = .object([
            "a": .array([.number(1), .number(-250), .number(0), .bool(true), .bool(false), .null]),
            "b": .object(["c": .string("x\n\u{E9}\u{1F600}/")]),
            "": .string(""),
        ])
        #expect(try parse(text) == expected)
    }

    @Test("escapes stand anywhere between other characters, however often")
    func escapes() throws {
        #expect(try parse(#""\na\tbc\u00e9é\\d\"""#) == .string("\na\tbc\u{E9}\u{E9}\\d\""))
    }

    @Test("whole numbers are read out of a message as what they are, however they are written")
    func wholeNumbers() throws {
        for text in [
            "0", "-0", "7", "-7", "999999999999999999", "-999999999999999999", "1000000000000000000",
            "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e3", "1.0", "1.5", "-25e-1",
            "12345678901234567890123456789012345678", "true", "null", "[1]", "{\"a\":1}", "\"1\"",
        ] {
            let expected: Int64? = if case .number(let number) = try parse(text) { Int64("\(number)") } else { nil }
            #expect(try JSONMessage(bytes: Array(text.utf8)).integer == expected, "\(text)")
        }
        #expect(try JSONMessage(bytes: Array("-12".utf8)).integer == -12)
        #expect(try JSONMessage(bytes: Array("1e3".utf8)).integer == 1_000)
    }

    @Test(
        "what is not JSON is refused at its place",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("{\"a\": }", 1, 7), ("{\"a\": 1,}", 1, 9), ("{\"a\" 1}", 1, 6), ("[1,]", 1, 4),
            ("[1 2]", 1, 4), ("{\n  \"a\": tru\n}", 2, 8), ("01", 1, 2), ("1.", 1, 3), ("-", 1, 2), ("1e", 1, 3),
            ("+1", 1, 1), (".5", 1, 1), ("NaN", 1, 1), ("'a'", 1, 1), ("\"a", 1, 3), ("\"\\x\"", 1, 2),
            ("\"\\u12g4\"", 1, 6), ("\"a\nb\"", 1, 3), ("{} {}", 1, 4), ("{a: 1}", 1, 2), ("nul", 1, 1),
            ("\"\\ud800\"", 1, 2), ("\"\\ud800\\u0041\"", 1, 2), ("\"\\udc00\"", 1, 2), ("\"\\u0000\"", 1, 2),
            ("{\"a\": 1, \"a\": 2}", 1, 10), ("{\"a\": 1, \"a\": x}", 1, 10), ("{\"a\": 1, \"a\" 2}", 1, 10),
            ("{\"a\": {\"b\": 1, \"b\": }, \"a\": 2}", 1, 16), ("\"a\\n\u{1}\"", 1, 5), ("\"a\\nb", 1, 6),
            ("1e400", 1, 1), (String(repeating: "1", count: 39), 1, 1),
        ]
    )
    func refused(text: String, line: Int, column: Int) {
        do {
            let value = try parse(text)
            Issue.record("\(text) was read as \(value)")
        } catch {
            #expect((error.line, error.column) == (line, column), "\(error)")
        }
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        #expect(throws: JSONSyntaxError.self) { try JSONParser<JSONValue>.parse([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSONParser<JSONValue>.parse([0x22, 0xC3, 0x22]) }
        for bytes: [UInt8] in [[0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x22, 0xC3, 0x5C, 0x6E, 0xA9, 0x22]] {
            #expect(throws: JSONSyntaxError.self) { try JSONParser<JSONValue>.parse(bytes) }
        }
    }

    @Test("nesting is bounded, so that no body can exhaust the stack")
    func nesting() {
        let deep =
            String(repeating: "[", count: JSONParser<JSONValue>.deepest)
            + String(repeating: "]", count: JSONParser<JSONValue>.deepest)
        #expect(throws: Never.self) { try parse(deep) }
        #expect(throws: JSONSyntaxError.self) { try parse("[" + deep + "]") }
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 500_000)) }
    }

    @Test("whatever bytes come, the parser returns, and accepts only what another parser accepts too")
    func randomBytes() throws {
        var generator = SeededGenerator(seed: 42)
        let pieces =
            [
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "d800", "dc00", "0", "1", "-", ".", "e", "true",
                "null", " ",
                "\n", "a", "\u{1F600}", "\"a\":", "false",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator))
                .flatMap { _ in pieces.randomElement(using: &generator)! }
            guard (try? JSONParser<JSONValue>.parse(bytes)) != nil else { continue }
            accepted += 1
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            }
        }
        #expect(accepted > 100)
    }
}
