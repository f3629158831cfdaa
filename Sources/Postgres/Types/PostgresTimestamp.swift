/// A moment with the resolution of `timestamptz`: microseconds since the Unix epoch.
package struct PostgresTimestamp: PostgresEncodable, PostgresDecodable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(milliseconds: Int64) {
        microseconds = milliseconds * 1000
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    package var milliseconds: Int64 {
        microseconds >= 0 ? microseconds / 1000 : (microseconds - 999) / 1000
    }

    /// `timestamptz 'infinity'`: later than every moment.
    package static let infinity = PostgresTimestamp(microseconds: .max)
    /// `timestamptz '-infinity'`: earlier than every moment.
    package static let negativeInfinity = PostgresTimestamp(microseconds: .min)

    package static func < (left: PostgresTimestamp, right: PostgresTimestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    package static var postgresType: PostgresType { .timestamptz }

    /// 2000-01-01T00:00:00Z, from which PostgreSQL counts.
    private static let serverEpoch: Int64 = 946_684_800_000_000

    package func encode(into bytes: inout [UInt8]) {
        if self == .infinity || self == .negativeInfinity {
            bytes.append(bigEndian: microseconds)
        } else {
            // Before 290,000 BC: the server refuses it either way.
            let (difference, overflow) = microseconds.subtractingReportingOverflow(Self.serverEpoch)
            bytes.append(bigEndian: overflow ? .min + 1 : difference)
        }
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> PostgresTimestamp {
        guard value.type == .timestamptz || value.type == .timestamp else { throw .typeMismatch }
        let raw = try value.integer(Int64.self)
        if raw == .max { return .infinity }
        if raw == .min { return .negativeInfinity }
        let (sum, overflow) = raw.addingReportingOverflow(serverEpoch)
        guard !overflow, sum != .max else { throw .outOfRange }
        return PostgresTimestamp(microseconds: sum)
    }
}

extension Duration: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .interval }

    /// As an `interval` of microseconds, rounded towards zero.
    package func encode(into bytes: inout [UInt8]) {
        let (seconds, attoseconds) = components
        bytes.append(bigEndian: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: Int32(0))
    }

    /// An `interval` without months; a day counts 24 hours.
    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Duration {
        guard value.type == .interval else { throw .typeMismatch }
        let bytes = try value.required()
        guard bytes.count == 16 else { throw .malformed }
        let microseconds = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
        let days = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let months = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        guard months == 0 else { throw .outOfRange }
        return .microseconds(microseconds) + .seconds(86_400) * Int(days)
    }
}
