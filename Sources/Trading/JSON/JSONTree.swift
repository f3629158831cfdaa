import FoundationEssentials

/// What a JSON text is read into: a type with these cases.
protocol JSONTree {
    static var null: Self { get }
    static func bool(_ value: Bool) -> Self
    /// One of up to 18 digits, written without point and exponent.
    static func whole(_ number: Int64) -> Self
    /// Any other.
    static func number(_ number: Decimal) -> Self
    static func string(_ text: String) -> Self
    static func array(_ elements: [Self]) -> Self
    static func object(_ members: [String: Self]) -> Self
}
