import Glibc

/// How many files and sockets this process may have open.
enum OpenFiles {
    /// For the database, the exchange, logs.
    private static let others = 256

    /// Raises the limit as far as is allowed, and says how many connections of clients fit: beyond them nothing else could be opened
    /// either, the database least of all.
    static func forConnections() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        limit.rlim_cur = limit.rlim_max
        // Not allowed: then it stays as it was, which is asked next.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return max(64, Int(min(limit.rlim_cur, 1 << 20)) - others)
    }
}
