/// Rules for names that occur in bodies and in queries, and how they are explained.
enum FieldRules {
    static func symbol(_ text: String) -> String {
        "\"\(text.shortened)\" is not a symbol: one to twenty letters, digits, \"-\", \"_\" or \".\", like BTCUSDT."
    }

    /// One to thirty-two of `a–z 0–9 - _ .`; upper case is lowered.
    static func exchange(_ text: String) -> String? {
        let lowered = text.lowercased()
        let allowed = lowered.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return allowed && (1...32).contains(lowered.utf8.count) ? lowered : nil
    }

    static func exchangeRule(_ text: String) -> String {
        "\"\(text.shortened)\" is not the name of an exchange: one to thirty-two letters, digits, \"-\", \"_\" or \".\", "
            + "like binance."
    }
}

extension String {
    /// As much of it as fits into a message.
    var shortened: String { count > 80 ? prefix(80) + "…" : self }

    /// No control characters, which no name or reason needs and which spoil logs and terminals.
    var isPrintable: Bool {
        unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    }
}
