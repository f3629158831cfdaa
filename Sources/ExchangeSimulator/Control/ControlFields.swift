import FoundationEssentials
import NIOCore
import Trading

/// The JSON object in the body of a `/sim/…` request, read field by field.
struct ControlFields {
    private let values: [String: JSONValue]

    /// - Parameter known: every other field is refused.
    init(_ body: ByteBuffer, known: [String]) throws(APIError) {
        guard body.readableBytes > 0 else {
            values = [:]
            return
        }
        guard case .object(let fields) = try? JSONValue(text: String(buffer: body)) else {
            throw APIError(code: -1000, "The body is not a JSON object.")
        }
        if let unknown = fields.keys.sorted().first(where: { !known.contains($0) }) {
            throw APIError(code: -1000, "There is no field \"\(unknown)\"; there are \(known.joined(separator: ", ")).")
        }
        values = fields
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
        guard let field = values[name] else { return nil }
        guard case .number(let number) = field, let value = Int(number.description), range.contains(value) else {
            throw APIError(
                code: -1000,
                "\(name) must be a whole number between \(range.lowerBound) and \(range.upperBound)."
            )
        }
        return value
    }

    func milliseconds(_ name: String) throws(APIError) -> Duration? {
        try integer(name, 0...600_000).map { .milliseconds($0) }
    }

    func text(_ name: String) throws(APIError) -> String? {
        guard let field = values[name] else { return nil }
        guard case .string(let text) = field, !text.isEmpty else {
            throw APIError(code: -1000, "\(name) must be a text.")
        }
        return text
    }

    func flag(_ name: String) throws(APIError) -> Bool {
        guard let field = values[name] else { return false }
        guard case .bool(let value) = field else { throw APIError(code: -1000, "\(name) must be true or false.") }
        return value
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable<String>>(
        _ name: String,
        _ known: [String],
        as: Choice.Type = Choice.self
    ) throws(APIError) -> Choice? {
        guard let text = try text(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw APIError(code: -1000, "\(name) must be one of \(known.joined(separator: ", ")).")
        }
        return choice
    }

    func list(_ name: String) throws(APIError) -> [String]? {
        guard let field = values[name] else { return nil }
        guard case .array(let elements) = field else { throw APIError(code: -1000, "\(name) must be a list of texts.") }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else {
                throw APIError(code: -1000, "\(name) must be a list of texts.")
            }
            texts.append(text)
        }
        return texts
    }

    func decimal(_ name: String) throws(APIError) -> FixedDecimal? {
        try text(name).map { text throws(APIError) in try Self.amount(name, text) }
    }

    /// Amounts, as texts, by name.
    func decimals(_ name: String) throws(APIError) -> [String: FixedDecimal]? {
        guard let field = values[name] else { return nil }
        guard case .object(let fields) = field else {
            throw APIError(code: -1000, "\(name) must be an object of amounts, written as texts.")
        }
        var amounts: [String: FixedDecimal] = [:]
        for (asset, field) in fields {
            guard case .string(let text) = field else {
                throw APIError(code: -1000, "\(name).\(asset) must be an amount, written as a text.")
            }
            amounts[asset] = try Self.amount("\(name).\(asset)", text)
        }
        return amounts
    }

    private static func amount(_ name: String, _ text: String) throws(APIError) -> FixedDecimal {
        guard let value = FixedDecimal(text), !value.isNegative else {
            throw APIError(code: -1000, "\(name) must be a decimal number of at least 0, as a text.")
        }
        return value
    }
}
