import FoundationEssentials

/// What a JSON text is read into: a type with these cases.
protocol JSONTree {
    static var null: Self { get }
    static func bool(_ value: Bool) -> Self
    /// One of up to 18 digits, written without point and exponent.
    static func whole(_ number: Int64) -> Self
    /// Any other; `nil` if it cannot be kept exactly.
    static func number(_ text: ArraySlice<UInt8>) -> Self?
    static func string(_ text: String) -> Self
    static func array(_ elements: [Self]) -> Self
    static func object(_ members: [String: Self]) -> Self
}

extension Decimal {
    /// `nil` if the number that is written like this in JSON does not fit.
    init?(exactJSON text: ArraySlice<UInt8>) {
        let significant = text.prefix { $0 | 0x20 != UInt8(ascii: "e") }
            .drop { !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
            .count { $0 != UInt8(ascii: ".") }
        guard significant <= 38 else { return nil }
        self.init(string: String(decoding: text, as: UTF8.self))
    }
}
