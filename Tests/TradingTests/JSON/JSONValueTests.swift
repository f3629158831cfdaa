import Foundation
import Testing
import Trading

struct JSONValueTests {
    @Test(
        arguments: [
            "null", "true", "false", "0", "1", "-1", "0.1", "-0.00000001", "84316.75", "12345678901234567890.12345678",
            "9007199254740993", "99999999999999999999999999999999999999", #""""#, #""1""#, #""a\"b\\c""#, "[]", "{}",
            #"[null,true,1,"x",[1.5],{"a":{}}]"#, #"{"a":1,"b":[false],"c":"0.5"}"#, #""é😀/""#, #"{"":0}"#,
        ]
    )
    func `text is read and written without a change`(text: String) throws {
        #expect(try JSONValue(text: text).text == text)
    }

    @Test func `booleans are no numbers, numbers no booleans, and strings neither`() throws {
        #expect(
            try JSONValue(text: #"[true,1,"1","true",0,false]"#)
                == .array([
                    .bool(true), .number(1), .string("1"), .string("true"), .number(0), .bool(false),
                ])
        )
    }

    @Test func `numbers are exact decimals, however they are written`() throws {
        #expect(
            try JSONValue(text: "0.30000000000000004") == .number(try #require(Decimal(string: "0.30000000000000004")))
        )
        #expect(try JSONValue(text: "0.3") == .number(Decimal(string: "0.1")! + Decimal(string: "0.2")!))
        #expect(try JSONValue(text: "1e3") == .number(1_000))
        #expect(try JSONValue(text: "1.50") == .number(Decimal(string: "1.5")!))
        #expect(try JSONValue(text: "1e20").text == "100000000000000000000")
    }

    @Test func `keys are sorted, so equal values have equal text`() throws {
        let one = try JSONValue(text: #"{"b": 1, "a": {"d": 2, "c": 3}}"#)
        let other = try JSONValue(text: #"{ "a":{"c":3.0,"d":2},"b":1.00}"#)
        #expect(one == other)
        #expect(one.text == #"{"a":{"c":3,"d":2},"b":1}"#)
        #expect(other.text == one.text)
    }

    @Test(
        arguments: [
            "", " ", "{", "[,]", "nul", "tru", "01", "+1", "1.", ".5", "NaN", "'a'", #"{"a"}"#, "[1] 2", "1e999",
            "\u{1}",
            String(repeating: "[", count: 100_000),
        ]
    )
    func `what is not JSON is an error, not a crash`(text: String) {
        #expect(throws: (any Error).self) { try JSONValue(text: text) }
    }
}
