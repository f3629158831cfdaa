import Glibc

/// Keeps a data directory for one cluster at a time. The kernel lets go of it when the process ends.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    init(directory: String) throws {
        let path = "\(directory)/up.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "\(path) cannot be written: \(String(cString: strerror(errno)))"
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = max(0, read(descriptor, &buffer, buffer.count))
            let pid = String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            close(descriptor)
            throw LocalClusterError(
                code: .directoryInUse,
                message: """
                    A cluster runs on \(directory) already (pid \(pid)): stop it there with Ctrl-C or with kill \(pid), \
                    or give this one a directory and a port of its own (--data DIRECTORY --port PORT).
                    """
            )
        }
        let pid = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, pid, pid.count, 0)
    }

    deinit {
        // Not by `close` alone: a child that is just being spawned holds the same lock until it becomes its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
