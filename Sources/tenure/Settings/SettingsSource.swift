import FoundationEssentials

/// The environment, and below it the settings file that `TENURE_SETTINGS_FILE` names (lines of `NAME=value`, `#` comments).
struct SettingsSource: Sendable {
    private(set) var values: [String: String]

    init(environment: [String: String]) throws {
        values = environment
        guard let path = environment["TENURE_SETTINGS_FILE"] else { return }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError(problems: ["TENURE_SETTINGS_FILE: the file \"\(path)\" cannot be read"])
        }
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmed
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            guard let equals = line.firstIndex(of: "=") else {
                throw SettingsError(problems: ["\(path), line \(number + 1): expected NAME=value"])
            }
            let name = String(line[..<equals].trimmed)
            // What is set in the environment itself wins.
            if values[name] == nil { values[name] = String(line[line.index(after: equals)...].trimmed) }
        }
    }

    func file(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8)).map { String($0[...].trimmed) }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
