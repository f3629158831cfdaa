import FoundationEssentials
import Glibc

/// Colours, where they are seen: on a terminal that has them, unless `NO_COLOR` says otherwise (https://no-color.org).
struct TextStyle {
    let isColoured: Bool

    static let plain = TextStyle(isColoured: false)

    /// Of what this process prints.
    static var standardOutput: TextStyle {
        let environment = ProcessInfo.processInfo.environment
        let isUnwanted = !(environment["NO_COLOR"] ?? "").isEmpty || environment["TERM"] == "dumb"
        return TextStyle(isColoured: !isUnwanted && isatty(STDOUT_FILENO) == 1)
    }

    func good(_ text: String) -> String { coloured(text, 32) }
    func doubtful(_ text: String) -> String { coloured(text, 33) }
    func bad(_ text: String) -> String { coloured(text, 31) }
    func heading(_ text: String) -> String { coloured(text, 1) }

    /// ECMA-48, SGR.
    private func coloured(_ text: String, _ code: Int) -> String {
        isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
