import FoundationEssentials
import Hummingbird
import Trading

/// Reads the query of a list and collects everything that is wrong with it.
struct QueryParameters {
    static let usualLimit = 100
    static let largestLimit = 500

    private var values: [String: String] = [:]
    private var problems: [FieldProblem] = []

    init(_ request: Request, known: [String]) {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), let value = Self.decode(parts.count > 1 ? parts[1] : "") else {
                refuse(String(parts[0]).shortened, "is not percent-encoded UTF-8.")
                continue
            }
            if !known.contains(name) {
                let all = known.isEmpty ? "none" : known.joined(separator: ", ")
                refuse(name.shortened, "is not known here. Known are: \(all).")
            } else if values.updateValue(value, forKey: name) != nil {
                refuse(name, "is given twice; give it once.")
            }
        }
    }

    private mutating func refuse(_ field: String, _ message: String) {
        problems.append(FieldProblem(field: field, message: message))
    }

    mutating func limit() -> Int {
        guard let text = values["limit"] else { return Self.usualLimit }
        guard let limit = Int(text), (1...Self.largestLimit).contains(limit) else {
            refuse("limit", "must be a whole number from 1 to \(Self.largestLimit), not \"\(text.shortened)\".")
            return Self.usualLimit
        }
        return limit
    }

    /// How many items of a list to leave out before the first.
    mutating func offset() -> Int {
        guard let text = values["offset"] else { return 0 }
        guard let offset = Int32(text), offset >= 0 else {
            refuse("offset", "must be a whole number from 0, not \"\(text.shortened)\".")
            return 0
        }
        return Int(offset)
    }

    /// Any text. Nothing is the same as an empty one.
    mutating func text(_ field: String) -> String? {
        guard let text = values[field], !text.isEmpty else { return nil }
        if text.count > 100 { refuse(field, "may have at most 100 characters.") }
        return text
    }

    /// Several names of a list, separated by commas.
    mutating func names(_ field: String) -> [String]? {
        guard let text = values[field] else { return nil }
        let names = text.split(separator: ",").map(String.init)
        if names.isEmpty || names.count > 50 { refuse(field, "must be one to fifty names, separated by commas.") }
        return names
    }

    mutating func boolean(_ field: String) -> Bool {
        guard let text = values[field] else { return false }
        guard let value = Bool(text) else {
            refuse(field, "must be true or false, not \"\(text.shortened)\".")
            return false
        }
        return value
    }

    mutating func moment(_ field: String) -> Timestamp? {
        guard let text = values[field] else { return nil }
        let (local, offset) = Self.separateOffset(text)
        for hasFraction in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
            guard let date = try? Date(local, strategy: style) else { continue }
            let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded() - offset
            // The years 0 to 9999, which every database has.
            guard (-62_135_596_800_000..<253_402_300_800_000).contains(milliseconds) else { break }
            return Timestamp(milliseconds: Int64(milliseconds))
        }
        refuse(field, "must be a moment like 2026-01-31T12:00:00Z, not \"\(text.shortened)\".")
        return nil
    }

    /// The moment as if it were in UTC, and by how many milliseconds it is ahead of that: RFC 3339 has more offsets than time zones
    /// have, which is all that the parser takes.
    private static func separateOffset(_ text: String) -> (local: String, offset: Double) {
        guard let match = text.wholeMatch(of: /(.+T.+)([+-])([01]\d|2[0-3]):([0-5]\d)/),
            let hours = Double(match.3), let minutes = Double(match.4)
        else { return (text, 0) }
        let offset = (hours * 60 + minutes) * 60_000
        return ("\(match.1)Z", match.2 == "-" ? -offset : offset)
    }

    /// The id of something.
    mutating func id(_ field: String) -> Int64? {
        guard let text = values[field] else { return nil }
        guard let id = Int64(text), id > 0 else {
            refuse(field, "must be a whole number above zero, not \"\(text.shortened)\".")
            return nil
        }
        return id
    }

    /// The id of the last event seen, 0 for the beginning: from the header that says the same, if that is there.
    mutating func position(_ field: String, header: String?) -> Int64? {
        guard let text = header ?? values[field] else { return nil }
        guard let id = Int64(text), id >= 0 else {
            let name = header == nil ? field : "Last-Event-ID"
            refuse(
                name,
                "must be the id of an event of this stream, or 0 for its beginning, not \"\(text.shortened)\"."
            )
            return nil
        }
        return id
    }

    mutating func symbol() -> Symbol? {
        guard let text = values["symbol"] else { return nil }
        let symbol = Symbol(text)
        if symbol == nil { refuse("symbol", FieldRules.symbol(text)) }
        return symbol
    }

    mutating func exchange() -> String? {
        guard let text = values["exchange"] else { return nil }
        let exchange = FieldRules.exchange(text)
        if exchange == nil { refuse("exchange", FieldRules.exchangeRule(text)) }
        return exchange
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ field: String, _: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = values[field] else { return nil }
        let choice = Choice(rawValue: text)
        if choice == nil {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            refuse(field, "\"\(text.shortened)\" is not known. Known are: \(known).")
        }
        return choice
    }

    /// - Parameter read: The position within the list, nil if the cursor has none.
    mutating func cursor<Position>(of list: Cursor.List, _ read: (Cursor) -> Position?) -> Position? {
        guard let text = values["cursor"] else { return nil }
        let position = Cursor(text).flatMap { $0.list == list ? read($0) : nil }
        if position == nil {
            refuse("cursor", "is not one of this list. Use `next_cursor` of the page before, as it is.")
        }
        return position
    }

    /// - Throws: ``Problem`` with everything that is wrong, if anything is.
    func finish() throws {
        guard problems.isEmpty else { throw Problem.invalidQuery(problems) }
    }

    /// Percent-encoding and plus signs undone; nil if it is malformed or holds a NUL, which no text in the database can.
    private static func decode(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                    let value = UInt8(String(Substring(digits)), radix: 16)
                else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}
