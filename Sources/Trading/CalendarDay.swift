/// A day of the calendar, in UTC, written `2027-01-31`.
public struct CalendarDay: Sendable, Hashable, CustomStringConvertible {
    /// Its midnight.
    public let start: Timestamp

    /// Nil if there is no such day.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (48...57).contains($0) }),
            let year = Int64(parts[0]), let month = Int64(parts[1]), let day = Int64(parts[2])
        else { return nil }
        // A civil date to days: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        start = Timestamp(milliseconds: (era * 146_097 + dayOfEra - 719_468) * 86_400_000)
        // What is no day would be another one when it is written again.
        guard description == text else { return nil }
    }

    public var description: String { String(start.description.prefix(10)) }
}
