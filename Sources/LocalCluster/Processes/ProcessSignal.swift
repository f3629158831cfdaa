import Glibc

/// A signal that can be sent to a child process.
package struct ProcessSignal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Cannot be caught: what a crash, an out-of-memory kill or `docker kill` looks like.
    package static let kill = ProcessSignal(rawValue: SIGKILL)
    /// Asks politely.
    package static let terminate = ProcessSignal(rawValue: SIGTERM)
    /// What a terminal's Ctrl-C sends; PostgreSQL's fast shutdown.
    package static let interrupt = ProcessSignal(rawValue: SIGINT)
    /// PostgreSQL's immediate shutdown.
    package static let quit = ProcessSignal(rawValue: SIGQUIT)
    /// Reload, for daemons.
    package static let hangUp = ProcessSignal(rawValue: SIGHUP)
    /// Freezes the process until ``resume``.
    package static let stop = ProcessSignal(rawValue: SIGSTOP)
    /// Lets a frozen process go on (`SIGCONT`).
    package static let resume = ProcessSignal(rawValue: SIGCONT)

    package var description: String {
        switch self {
        case .kill: "SIGKILL"
        case .terminate: "SIGTERM"
        case .interrupt: "SIGINT"
        case .quit: "SIGQUIT"
        case .hangUp: "SIGHUP"
        case .stop: "SIGSTOP"
        case .resume: "SIGCONT"
        default: "signal \(rawValue)"
        }
    }
}
