import FoundationEssentials
import Glibc
import Synchronization

/// Everything that was done and found, with the time since the beginning, on standard output and in a file.
final class ActionLog: Sendable {
    private struct State {
        var violations: [String] = []
    }

    private let began = ContinuousClock.now
    private let descriptor: Int32
    private let echoes: Bool
    private let state = Mutex(State())

    /// - Parameter echoes: Whether it is shown on standard output, too.
    init(path: String, echoes: Bool = true) throws {
        self.echoes = echoes
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw NemesisError("\(path) cannot be written") }
    }

    deinit { close(descriptor) }

    func note(_ text: String) {
        let elapsed = (ContinuousClock.now - began).milliseconds
        let seconds = "\(elapsed / 1_000)"
        let fraction = "\(1_000 + elapsed % 1_000)".dropFirst()
        let padding = String(repeating: " ", count: max(0, 5 - seconds.count))
        // The wall clock too, as the logs of PostgreSQL and of the replicas have it.
        let line = Array("\(Self.wallClock()) \(padding)\(seconds).\(fraction)  \(text)\n".utf8)
        _ = state.withLock { _ in
            if echoes { _ = write(STDOUT_FILENO, line, line.count) }
            return write(descriptor, line, line.count)
        }
    }

    /// Something that must not be: the run has failed.
    func violation(_ text: String) {
        state.withLock { $0.violations.append(text) }
        note("VIOLATION: \(text)")
    }

    var violations: [String] { state.withLock { $0.violations } }

    private static func wallClock() -> String {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        var parts = tm()
        gmtime_r(&moment.tv_sec, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let fraction = "\(1_000 + moment.tv_nsec / 1_000_000)".dropFirst()
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)).\(fraction)"
    }
}

struct NemesisError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
