import FoundationEssentials
import Trading

extension ParameterField {
    /// What became of a value that was given for a field.
    enum Normalization: Hashable {
        /// In normal form: integers as numbers, decimals as strings without trailing zeros.
        case accepted(JSONValue)
        /// A phrase that follows the field's name.
        case refused(String)
    }

    func normalize(_ value: JSONValue) -> Normalization {
        switch kind {
        case .integer(let bounds):
            guard case .number(let number) = value, case let text = number.description,
                let decimal = FixedDecimal(text), let integer = Int(text)
            else { return .refused("must be a whole number, \(example)") }
            return bounds.contains(decimal) ? .accepted(.integer(integer)) : outOfBounds(bounds)
        case .decimal(let bounds), .percent(let bounds):
            let text: String
            switch value {
            case .number(let number): text = number.description
            case .string(let string): text = string
            default: return .refused("must be a decimal number, \(example)")
            }
            guard let decimal = FixedDecimal(text) else {
                return .refused("must be a decimal number with at most 8 digits after the point, \(example)")
            }
            return bounds.contains(decimal) ? .accepted(.decimal(decimal)) : outOfBounds(bounds)
        case .boolean:
            guard case .bool = value else { return .refused("must be true or false") }
            return .accepted(value)
        case .choice(let choices):
            guard case .string(let string) = value, choices.contains(string) else {
                return .refused("must be one of \(choices.map { "\"\($0)\"" }.joined(separator: ", "))")
            }
            return .accepted(value)
        }
    }

    private var example: String { "like \(defaultValue.text)" }

    private func outOfBounds(_ bounds: ParameterBounds) -> Normalization {
        .refused("must be \(bounds.phrase ?? "within bounds")")
    }
}
