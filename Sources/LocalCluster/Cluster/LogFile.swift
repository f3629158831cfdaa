import Glibc
import Synchronization

/// A log file that lines are appended to, from any thread.
final class LogFile: Sendable {
    private let descriptor: Mutex<Int32>

    init(path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "The log \(path) cannot be written: \(String(cString: strerror(errno)))"
            )
        }
        descriptor = Mutex(file)
    }

    deinit {
        descriptor.withLock { _ = close($0) }
    }

    func append(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        descriptor.withLock { _ = write($0, bytes, bytes.count) }
    }
}
