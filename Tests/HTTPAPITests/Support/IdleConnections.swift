import Glibc

/// Connections that are open, and say little.
struct IdleConnections {
    private var descriptors: [Int32] = []

    mutating func open(port: Int, _ text: String = "") async throws {
        let descriptor = try await RawConnection.open(port: port)
        descriptors.append(descriptor)
        if !text.isEmpty { _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Whether the other side has closed none of them.
    var areAllOpen: Bool { openCount == descriptors.count }

    /// How many the other side has not closed.
    var openCount: Int { descriptors.count { Self.peek($0) > 0 || errno == EAGAIN } }

    /// Whether something has come on each of them.
    var haveAllSpoken: Bool { descriptors.allSatisfy { Self.peek($0) > 0 } }

    /// Takes what has come.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        for descriptor in descriptors { while recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {} }
    }

    private static func peek(_ descriptor: Int32) -> Int {
        var byte: UInt8 = 0
        errno = 0
        return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
    }

    mutating func close() {
        for descriptor in descriptors { Glibc.close(descriptor) }
        descriptors = []
    }
}

enum OpenFileLimit {
    /// How many files this process may have open, after that was raised as far as is allowed.
    static func raised() -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(min(limit.rlim_cur, 1 << 30))
    }
}
