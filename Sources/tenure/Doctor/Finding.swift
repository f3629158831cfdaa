import Trading

/// What a check found.
struct Finding: Equatable {
    enum Status: String {
        case ok
        /// It works, but not as well as it might, or not for long.
        case warning
        /// A replica would not start, or what it promises would not be true.
        case error
    }

    /// Which check: `database.version`. Programs may rely on it.
    let check: String
    let status: Status
    let message: String
    /// What to do; nil if all is well.
    let advice: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, status: .ok, message: message, advice: nil)
    }

    static func warning(_ check: String, _ message: String, _ advice: String) -> Finding {
        Finding(check: check, status: .warning, message: message, advice: advice)
    }

    static func error(_ check: String, _ message: String, _ advice: String) -> Finding {
        Finding(check: check, status: .error, message: message, advice: advice)
    }

    var json: JSONValue {
        .object([
            "check": .string(check),
            "status": .string(status.rawValue),
            "message": .string(message),
            "advice": advice.map(JSONValue.string) ?? .null,
        ])
    }

    /// One line, and a second one with what to do.
    func text(_ style: TextStyle) -> String {
        let mark =
            switch status {
            case .ok: style.good("✓")
            case .warning: style.doubtful("!")
            case .error: style.bad("✗")
            }
        return "\(mark) \(check): \(message)" + (advice.map { "\n    → \($0)" } ?? "")
    }
}
