/// The name of a market on an exchange, as the exchange writes it: `BTCUSDT`.
///
/// One to twenty of `A–Z 0–9 - _ .` (Binance's own rule for symbols); lower case is accepted and raised.
public struct Symbol: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let name: String

    public init?(_ text: String) {
        guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        name = text.uppercased()
    }

    public var description: String { name }

    public static func < (left: Symbol, right: Symbol) -> Bool { left.name < right.name }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}

extension Symbol: ExpressibleByStringLiteral {
    /// For constants in code; a literal that is no symbol is a programming error.
    public init(stringLiteral text: String) {
        guard let symbol = Symbol(text) else { preconditionFailure("\"\(text)\" is not a symbol") }
        self = symbol
    }
}

extension Symbol: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let symbol = Symbol(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is not a symbol")
        }
        self = symbol
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
