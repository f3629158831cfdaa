import Foundation
import Testing
import Trading

@testable import HTTPAPI

@Suite("Writing JSON", .timeLimit(.minutes(5)))
struct JSONWriterTests {
    @Test("members come in the order told, amounts as strings, moments as RFC 3339")
    func members() {
        let bytes = JSONWriter.object { json in
            json.member("z", 1)
            json.member("amount", FixedDecimal("0.10"))
            json.member("at", Timestamp(milliseconds: 1_743_510_600_000))
            json.member("none", nil as String?)
            json.member("yes", true)
            json.member("config", json: #"{"a": [1]}"#)
            json.member("list") { $0.array([1, 2]) { json, n in json.object { $0.member("n", n) } } }
            json.member("empty") { $0.object { _ in } }
            json.member("last", "x")
        }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"z":1,"amount":"0.1","at":"2025-04-01T12:30:00.000Z","none":null,"yes":true,"config":{"a": [1]},"#
                + #""list":[{"n":1},{"n":2}],"empty":{},"last":"x"}"#
        )
    }

    @Test("any text survives")
    func texts() throws {
        for text in ["\"", "\\", "\n\r\t\u{8}\u{0}\u{1F}\u{7F}", "é✓\u{1F600}", "\u{2028}", ""] {
            let bytes = JSONWriter.object { $0.member(text, text) }
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String]
            #expect(object == [text: text])
        }
    }
}
