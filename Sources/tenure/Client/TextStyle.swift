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

    /// How many characters fit on a line; nil if it is no terminal, or does not say.
    static var standardOutputWidth: Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// What the status of a strategy, an order or a replica means for whoever looks.
    func status(_ status: String, _ text: String) -> String {
        switch status {
        case "running", "active", "ready", "filled": good(text)
        case "failed", "quarantined", "orphaned", "rejected", "abandoned": bad(text)
        case _ where status.hasPrefix("fenced"): bad(text)
        case "stopped", "canceled", "expired": text
        default: doubtful(text)
        }
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
