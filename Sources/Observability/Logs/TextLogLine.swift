import Logging

/// The line for people: `2025-04-01T12:00:00.123Z INFO message key=value key="a value with blanks"`.
enum TextLogLine {
    static func make(
        time: String,
        level: Logger.Level,
        message: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        var line = "\(time) \(level.rawValue.uppercased()) \(escaped(message, quotes: false))"
        for (key, value) in fields {
            line += " \(escaped(key, quotes: false))=\(text(of: value))"
        }
        return line
    }

    private static func text(of value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let string): quotedIfNeeded(string)
        case .stringConvertible(let convertible): quotedIfNeeded(convertible.description)
        case .array(let values): "[\(values.map(text).joined(separator: ","))]"
        case .dictionary(let fields):
            "{"
                + fields.sorted { $0.key < $1.key }
                .map { "\(quotedIfNeeded($0.key)):\(text(of: $0.value))" }
                .joined(separator: ",") + "}"
        }
    }

    /// Plain if it can be told where it ends, else in quotes.
    private static func quotedIfNeeded(_ text: String) -> String {
        let plain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" && $0 != "\\" && !$0.breaksLine }
        return plain ? text : "\"\(escaped(text, quotes: true))\""
    }

    /// Whatever could end the line, move the cursor or colour the terminal is written as an escape.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes: result += "\\\""
            case "\\" where quotes: result += "\\\\"
            case _ where scalar.breaksLine: result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Control characters and Unicode's own line and paragraph separators.
    var breaksLine: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value) || value == 0x2028 || value == 0x2029
    }
}
