import Glibc

/// Connections that are open, and nothing else.
struct IdleConnections {
    private var descriptors: [Int32] = []

    mutating func open(port: Int) async throws {
        descriptors.append(try await RawConnection.open(port: port))
    }

    /// Whether the other side has closed none of them.
    var areAllOpen: Bool {
        descriptors.allSatisfy { descriptor in
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN
        }
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
