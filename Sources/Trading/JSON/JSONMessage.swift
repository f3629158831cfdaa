package import FoundationEssentials

/// Any JSON value, as ``JSONValue``, for messages that something waits for: its whole numbers need no `Decimal`, out of which
/// they could be taken only through text.
package enum JSONMessage: Sendable {
    case null
    case bool(Bool)
    case whole(Int64)
    case number(Decimal)
    case string(String)
    case array([JSONMessage])
    case object([String: JSONMessage])

    /// Reads one JSON text, strictly: see ``JSONParser``. The error says where it is wrong.
    package init(bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try JSONParser.parse(bytes)
    }

    /// `nil` for anything but a number without a fraction, however it is written, that fits.
    package var integer: Int64? {
        switch self {
        case .whole(let number): number
        case .number(let number): Int64(number.description)
        default: nil
        }
    }
}

extension JSONMessage: JSONTree {
    static func number(_ text: ArraySlice<UInt8>) -> JSONMessage? { Decimal(exactJSON: text).map { .number($0) } }
}
