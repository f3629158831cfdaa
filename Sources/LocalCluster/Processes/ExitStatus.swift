/// How a process ended.
package enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(ProcessSignal)

    /// Reads the status word of `waitpid`.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signalled(ProcessSignal(rawValue: signal))
    }

    package var isSuccess: Bool {
        self == .exited(0)
    }

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let signal): "killed by \(signal)"
        }
    }
}
