/// The lexical rules of Prometheus' text format.
enum PrometheusText {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; whatever else becomes an underscore.
    static func metricName(_ label: String) -> String { identifier(label, colons: true) }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; whatever else becomes an underscore. Two at the front are Prometheus' own.
    static func labelName(_ name: String) -> String {
        let valid = identifier(name, colons: false)
        return valid.hasPrefix("__") ? "exported" + valid : valid
    }

    static func labelValue(_ value: String) -> String { escaped(value, quotes: true) }
    static func help(_ value: String) -> String { escaped(value, quotes: false) }

    /// Whole numbers without a point; infinities and not-a-number as the format spells them.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private static func identifier(_ text: String, colons: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case ":" where colons: result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
