import Logging

/// The line for programs: `{"time":…,"level":…,"logger":…,"message":…,…metadata…}`.
enum JSONLogLine {
    private static let ownMembers: Set<String> = ["time", "level", "logger", "message"]

    static func make(
        time: String,
        level: Logger.Level,
        logger: String,
        message: String,
        fields: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        var line = "{\"time\":\"\(time)\",\"level\":\"\(level.rawValue)\","
        line += "\"logger\":\(quoted(logger)),\"message\":\(quoted(message))"
        for (key, value) in fields {
            // Metadata must not take the place of the line's own members.
            line += ",\(quoted(ownMembers.contains(key) ? "metadata." + key : key)):\(json(value))"
        }
        return line + "}"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let string): quoted(string)
        case .stringConvertible(let convertible): json(convertible)
        case .array(let values): "[\(values.map(json).joined(separator: ","))]"
        case .dictionary(let fields):
            "{"
                + fields.sorted { $0.key < $1.key }
                .map { "\(quoted($0.key)):\(json($0.value))" }
                .joined(separator: ",") + "}"
        }
    }

    /// Numbers and truth values stay what they are.
    private static func json(_ value: any CustomStringConvertible) -> String {
        switch value {
        case let value as Bool: value ? "true" : "false"
        case let value as any BinaryInteger: value.description
        case let value as Double where value.isFinite: value.description
        case let value as Float where value.isFinite: value.description
        default: quoted(value.description)
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.breaksLine:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
