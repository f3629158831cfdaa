/// A moment as exchanges count it: milliseconds since 1970-01-01 00:00 UTC, without leap seconds.
///
/// It always comes from an exchange or from the database, never from this machine's wall clock.
public struct Timestamp: Sendable, Hashable, Comparable, Codable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    public static func + (left: Timestamp, milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + milliseconds)
    }

    public static func - (left: Timestamp, milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds - milliseconds)
    }

    /// Milliseconds from `earlier` to `self`.
    public func since(_ earlier: Timestamp) -> Int64 { milliseconds - earlier.milliseconds }

    /// `nil` for what lies outside the years 1 to 9999: nothing is to be reckoned with it.
    public init?(told milliseconds: Int64) {
        guard Self.calendar.contains(milliseconds) else { return nil }
        self.milliseconds = milliseconds
    }

    /// - Throws: `DecodingError` also for what lies outside the years 1 to 9999.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let milliseconds = try container.decode(Int64.self)
        guard let moment = Self(told: milliseconds) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(milliseconds) is no moment")
        }
        self = moment
    }

    private static let calendar: Range<Int64> = -62_135_596_800_000..<253_402_300_800_000

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2025-04-01T12:30:00.000Z`.
    public var description: String {
        let (days, millisecondOfDay) = milliseconds.flooredDivision(by: 86_400_000)
        // Days to a civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let (hour, minute) = (millisecondOfDay / 3_600_000, millisecondOfDay / 60_000 % 60)
        let (second, millisecond) = (millisecondOfDay / 1_000 % 60, millisecondOfDay % 1_000)
        return "\(year.padded(4))-\(month.padded(2))-\(day.padded(2))"
            + "T\(hour.padded(2)):\(minute.padded(2)):\(second.padded(2)).\(millisecond.padded(3))Z"
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    fileprivate func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}
