/// An exact decimal number with eight digits after the point, as exchanges quote prices, quantities and amounts.
///
/// The value is `raw` × 10⁻⁸. Addition and subtraction are exact; multiplication and division round half to even at the
/// eighth digit, so that the same operations give the same digits everywhere. As text and as JSON it is a plain decimal
/// string without trailing zeros (`"0.001"`).
public struct FixedDecimal: Sendable, Hashable {
    /// Units of 10⁻⁸.
    public let raw: Int128

    /// Digits after the decimal point.
    public static let fractionDigits = 8
    /// The largest magnitude that text may have: 10¹⁸. Far above any real price, quantity or candle volume, and low enough
    /// that a product of a price and a quantity cannot overflow.
    public static let largestParsed = FixedDecimal(raw: 100_000_000_000_000_000_000_000_000)

    static let unit: Int128 = 100_000_000

    @inlinable
    public init(raw: Int128) {
        self.raw = raw
    }

    public init(_ integer: Int) {
        raw = Int128(integer) * Self.unit
    }

    public static let zero = FixedDecimal(raw: 0)
    public static let one = FixedDecimal(1)

    @inlinable public var isZero: Bool { raw == 0 }
    @inlinable public var isNegative: Bool { raw < 0 }
    @inlinable public var isPositive: Bool { raw > 0 }
    public var magnitude: FixedDecimal { raw < 0 ? FixedDecimal(raw: -raw) : self }

    /// The nearest binary floating-point number. For indicators and display only, never for money.
    public var doubleValue: Double { Double(raw) / 1e8 }

    /// The value in units of 10⁻⁸ as a 64-bit integer (how the database stores it), or `nil` if it does not fit
    /// (beyond ± 92 billion).
    public var int64: Int64? { Int64(exactly: raw) }

    public init(int64: Int64) {
        raw = Int128(int64)
    }
}

extension FixedDecimal: Comparable {
    @inlinable
    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool { left.raw < right.raw }
}

extension FixedDecimal: AdditiveArithmetic {
    @inlinable
    public static func + (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(raw: left.raw + right.raw)
    }

    @inlinable
    public static func - (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        FixedDecimal(raw: left.raw - right.raw)
    }

    @inlinable
    public static prefix func - (value: FixedDecimal) -> FixedDecimal { FixedDecimal(raw: -value.raw) }

    /// The product, rounded half to even at the eighth digit.
    public static func * (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        muldiv(left.raw, right.raw, unit)
    }

    /// The quotient, rounded half to even at the eighth digit. The divisor must not be zero.
    public static func / (left: FixedDecimal, right: FixedDecimal) -> FixedDecimal {
        muldiv(left.raw, unit, right.raw)
    }

    /// `self` × `numerator` ÷ `denominator` with one rounding at the end.
    public func scaled(by numerator: FixedDecimal, over denominator: FixedDecimal) -> FixedDecimal {
        Self.muldiv(raw, numerator.raw, denominator.raw)
    }

    /// The largest multiple of `step` that is not above `self` (for values ≥ 0): how exchanges want lots and ticks cut.
    public func roundedDown(toMultipleOf step: FixedDecimal) -> FixedDecimal {
        step.raw > 0 ? FixedDecimal(raw: raw - raw % step.raw) : self
    }

    private static func muldiv(_ a: Int128, _ b: Int128, _ divisor: Int128) -> FixedDecimal {
        precondition(divisor != 0, "division of a FixedDecimal by zero")
        let product = a.magnitude.multipliedFullWidth(by: b.magnitude)
        var (quotient, remainder) = divisor.magnitude.dividingFullWidth(product)
        let half = divisor.magnitude - remainder
        if remainder > half || (remainder == half && quotient & 1 == 1) { quotient += 1 }
        let negative = ((a < 0) != (b < 0)) != (divisor < 0)
        return FixedDecimal(raw: negative ? -Int128(quotient) : Int128(quotient))
    }
}

extension FixedDecimal: LosslessStringConvertible {
    /// Parses plain decimal notation: an optional sign, digits, and optionally a point with digits (`-12.5`, `0.00000001`).
    ///
    /// `nil` for anything else: exponents, blanks, more than eight significant digits after the point, or a magnitude above
    /// ``largestParsed``. Nothing is ever rounded here.
    public init?(_ text: String) {
        self.init(utf8: text.utf8)
    }

    public init?(utf8 text: some Collection<UInt8>) {
        var value: Int128 = 0
        var negative = false
        var digits = 0
        var fraction = -1
        for (position, byte) in text.enumerated() {
            switch byte {
            case UInt8(ascii: "-") where position == 0: negative = true
            case UInt8(ascii: "+") where position == 0: break
            case UInt8(ascii: ".") where fraction < 0 && digits > 0: fraction = 0
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if fraction >= Self.fractionDigits {
                    guard byte == UInt8(ascii: "0") else { return nil }
                    continue
                }
                value = value * 10 + Int128(byte - UInt8(ascii: "0"))
                guard value <= Self.largestParsed.raw else { return nil }
                digits += 1
                if fraction >= 0 { fraction += 1 }
            default: return nil
            }
        }
        guard digits > 0, fraction != 0 else { return nil }
        for _ in max(fraction, 0)..<Self.fractionDigits { value *= 10 }
        guard value <= Self.largestParsed.raw else { return nil }
        raw = negative ? -value : value
    }

    public var description: String {
        // Most fit into a processor's word, whose division is many times faster.
        guard let magnitude = UInt64(exactly: raw.magnitude) else {
            return Self.text(raw.magnitude, isNegative: raw < 0)
        }
        return Self.text(magnitude, isNegative: raw < 0)
    }

    private static func text(_ magnitude: some FixedWidthInteger, isNegative: Bool) -> String {
        // From the last digit to the first; zeros at the end of the fraction do not count.
        var digits: [UInt8] = []
        digits.reserveCapacity(40)
        var rest = magnitude
        var position = 0
        while rest != 0 || position <= fractionDigits {
            if position == fractionDigits, !digits.isEmpty { digits.append(UInt8(ascii: ".")) }
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            if digit != 0 || !digits.isEmpty || position >= fractionDigits {
                digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            }
            rest = quotient
            position += 1
        }
        if isNegative { digits.append(UInt8(ascii: "-")) }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }
}

extension FixedDecimal: ExpressibleByStringLiteral {
    /// For constants in code; a literal that is no decimal number is a programming error.
    public init(stringLiteral text: String) {
        guard let value = FixedDecimal(text) else { preconditionFailure("\"\(text)\" is not a decimal number") }
        self = value
    }
}

extension FixedDecimal: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = FixedDecimal(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not a decimal number with at most 8 digits after the point"
            )
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
