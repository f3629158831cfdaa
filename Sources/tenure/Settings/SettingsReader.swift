import Trading

/// Reads typed settings by name, and collects everything that is wrong with them.
struct SettingsReader {
    let source: SettingsSource
    private(set) var problems: [String] = []
    /// The later ones are for the commands that ask a cluster, and may be set where a replica runs.
    private var known: Set<String> = ["TENURE_SETTINGS_FILE", "TENURE_URL", "TENURE_TOKEN", "TENURE_TOKEN_FILE"]

    init(source: SettingsSource) {
        self.source = source
    }

    mutating func problem(_ name: String, _ message: String) {
        problems.append("\(name): \(message)")
    }

    /// The value of `name`, or what stands in the file that `name_FILE` names. An empty value counts as none.
    mutating func text(_ name: String, or other: String? = nil) -> String? {
        known.formUnion([name, "\(name)_FILE"])
        if let path = source.values["\(name)_FILE"] {
            if source.values[name] != nil { problem(name, "is set twice: remove either it or \(name)_FILE") }
            guard let text = source.file(path) else {
                problem("\(name)_FILE", "the file \"\(path)\" cannot be read")
                return nil
            }
            return text
        }
        if let value = source.values[name], !value.isEmpty { return value }
        return other.flatMap { text($0) }
    }

    mutating func required(_ name: String, or other: String, _ hint: String) -> String {
        if let value = text(name, or: other) { return value }
        problem(name, "is missing: \(hint)")
        return ""
    }

    mutating func integer(_ name: String, or other: String? = nil, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(name, or: other) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            problem(name, "\"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// A decimal number above zero.
    mutating func amount(_ name: String) -> FixedDecimal? {
        guard let text = text(name) else { return nil }
        guard let value = FixedDecimal(text), value.isPositive, value.int64 != nil else {
            problem(name, "\"\(text)\" is not an amount above zero, such as 1000.50")
            return nil
        }
        return value
    }

    mutating func boolean(_ name: String) -> Bool? {
        guard let text = text(name) else { return nil }
        switch text.lowercased() {
        case "true", "yes", "1", "on": return true
        case "false", "no", "0", "off": return false
        default:
            problem(name, "\"\(text)\" is neither true nor false")
            return nil
        }
    }

    mutating func choice(_ name: String, of choices: [String]) -> String? {
        guard let text = text(name) else { return nil }
        guard choices.contains(text.lowercased()) else {
            problem(name, "\"\(text)\" is not one of \(choices.joined(separator: ", "))")
            return nil
        }
        return text.lowercased()
    }

    /// `500ms`, `3s`, `2m`.
    mutating func duration(_ name: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let text = text(name) else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit: Duration? =
            switch text.dropFirst(digits.count) {
            case "ms": .milliseconds(1)
            case "s": .seconds(1)
            case "m": .seconds(60)
            default: nil
            }
        guard let unit, let count = Int(digits), count <= 1_000_000, range.contains(unit * count) else {
            problem(
                name,
                "\"\(text)\" is not a duration from \(range.lowerBound) to \(range.upperBound), such as 500ms or 3s"
            )
            return nil
        }
        return unit * count
    }

    mutating func url(_ name: String, schemes: [String]) -> String? {
        guard let text = text(name) else { return nil }
        guard let scheme = schemes.first(where: { text.hasPrefix("\($0)://") }), text.count > scheme.count + 3 else {
            problem(
                name,
                "\"\(text)\" is not an address that begins with \(schemes.map { "\($0)://" }.joined(separator: " or "))"
            )
            return nil
        }
        return text
    }

    /// A misspelt setting that silently keeps its default is worse than none.
    mutating func rejectUnknown(prefix: String) {
        for name in source.values.keys.sorted() where name.hasPrefix(prefix) && !known.contains(name) {
            problem(name, "there is no such setting: correct its name, or remove it")
        }
    }
}
