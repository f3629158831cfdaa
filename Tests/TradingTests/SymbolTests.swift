import Foundation
import Testing
import Trading

struct SymbolTests {
    @Test(arguments: [("BTCUSDT", "BTCUSDT"), ("ethbtc", "ETHBTC"), ("1000SATS-X_y.Z", "1000SATS-X_Y.Z"), ("A", "A")])
    func `names of markets are accepted, and raised`(text: String, name: String) {
        #expect(Symbol(text)?.name == name)
    }

    @Test(
        arguments: [
            "", " ", "BTC USDT", "BTC/USDT", "ＢＴＣ", "ß", "BTC\u{0}", "BTC\n", "é", "'; drop", "A\u{301}",
            String(repeating: "A", count: 21),
        ]
    )
    func `anything else is refused`(text: String) {
        #expect(Symbol(text) == nil)
    }

    @Test func `symbols are equal by name, sorted by name, and are strings in JSON`() throws {
        #expect(Symbol("btcusdt") == "BTCUSDT")
        #expect(["ETHUSDT", "BTCUSDT"].compactMap { Symbol($0) }.sorted().map(\.name) == ["BTCUSDT", "ETHUSDT"])
        let symbol: Symbol = "BTCUSDT"
        #expect(String(decoding: try JSONEncoder().encode([symbol]), as: UTF8.self) == #"["BTCUSDT"]"#)
        #expect(try JSONDecoder().decode([Symbol].self, from: Data(#"["btcusdt"]"#.utf8)) == [symbol])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Symbol].self, from: Data(#"["BTC/USDT"]"#.utf8))
        }
    }
}
