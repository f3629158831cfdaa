import FoundationEssentials
import Store
import Trading

/// Reads the columns of one row, and collects everything that is wrong with them. What is wrong comes back as nil.
struct EarlierValues {
    private(set) var problems: [String] = []

    /// What may stand beside any moment: nothing was traded before 2009, and nothing after 2100 is meant.
    private static let moments = Timestamp(milliseconds: 1_230_768_000_000)...Timestamp(milliseconds: 4_102_444_800_000)

    mutating func problem(_ column: String, _ message: String) {
        problems.append("\(column): \(message)")
    }

    mutating func text(_ value: SQLiteFile.Value, _ column: String) -> String? {
        guard case .text(let text) = value, !text.isEmpty, !text.contains("\0") else {
            problem(column, "\(value.shown) is no text")
            return nil
        }
        return text
    }

    mutating func symbol(_ value: SQLiteFile.Value) -> Symbol? {
        guard let text = text(value, "symbol") else { return nil }
        guard let symbol = Symbol(text) else {
            problem("symbol", "\(value.shown) is not a symbol like BTCUSDT")
            return nil
        }
        return symbol
    }

    /// SQLite has no type for it: text as SQLite or ISO 8601 write it (UTC where it does not say), or seconds or milliseconds
    /// since 1970.
    mutating func moment(_ value: SQLiteFile.Value, _ column: String) -> Timestamp? {
        let moment: Timestamp? =
            switch value {
            case .integer(let number): Self.moment(number)
            case .real(let number) where number.magnitude < 1e15:
                Timestamp(milliseconds: Int64((number < 1e11 ? number * 1_000 : number).rounded()))
            // A column of text keeps numbers as text.
            case .text(let text): Int64(text).map(Self.moment) ?? Self.moment(text)
            default: nil
            }
        guard let moment, Self.moments.contains(moment) else {
            problem(column, "\(value.shown) is no moment like 2025-04-01 12:30:00")
            return nil
        }
        return moment
    }

    private static func moment(_ number: Int64) -> Timestamp {
        Timestamp(milliseconds: number < 100_000_000_000 ? number &* 1_000 : number)
    }

    private static func moment(_ text: String) -> Timestamp? {
        var text = text.trimmed[...]
        guard text.utf8.count >= 10, text.utf8.allSatisfy({ $0 < 128 }) else { return nil }
        if text.count == 10 { text += "T00:00:00" }
        var iso = String(text).replacing(" ", with: "T", maxReplacements: 1)
        let zone = iso.dropFirst(11)
        if !zone.contains(where: { "Zz+-".contains($0) }) { iso += "Z" }
        let hasFraction = iso.contains(".")
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
        guard let date = try? style.parse(iso) else { return nil }
        return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1_000).rounded(.down)))
    }

    /// Rounded to eight digits after the point.
    mutating func amount(_ value: SQLiteFile.Value, _ column: String) -> FixedDecimal? {
        let amount: FixedDecimal? =
            switch value {
            case .null: .zero
            case .integer(let number): FixedDecimal("\(number)")
            case .real(let number): Self.amount(number)
            case .text(let text): FixedDecimal(text) ?? Double(text).flatMap(Self.amount)
            case .blob: nil
            }
        guard let amount else {
            problem(column, "\(value.shown) is no amount")
            return nil
        }
        return amount
    }

    private static func amount(_ number: Double) -> FixedDecimal? {
        // The shortest text that means this number, if it has no more digits than are kept.
        if let exact = FixedDecimal("\(number)") { return exact }
        guard number.magnitude < 9e9 else { return nil }
        return FixedDecimal(int64: Int64((number * 1e8).rounded()))
    }

    mutating func count(_ value: SQLiteFile.Value, _ column: String) -> Int64? {
        switch value {
        case .null: return 0
        case .integer(let number) where number >= 0: return number
        case .text(let text):
            if let number = Int64(text), number >= 0 { return number }
        default: break
        }
        problem(column, "\(value.shown) is no number of trades")
        return nil
    }
}

extension SQLiteFile.Value {
    /// For messages.
    var shown: String {
        switch self {
        case .null: "nothing (NULL)"
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text): "\"\(text.count > 80 ? text.prefix(80) + "…" : text)\""
        case .blob: "a blob"
        }
    }
}
