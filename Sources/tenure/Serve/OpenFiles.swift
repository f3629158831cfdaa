import Glibc
import Logging

/// How many files and sockets this process may have open.
enum OpenFiles {
    /// For the database, the exchange, logs.
    private static let others = 256

    /// Raises the limit as far as is allowed, and says how many connections of clients fit: beyond them nothing else could be opened
    /// either, the database least of all.
    ///
    /// - Parameter wanted: Nil: as many as fit.
    static func connections(atMost wanted: Int?, logger: Logger) -> Int? {
        guard let before = limit() else { return wanted }
        if before.rlim_cur < before.rlim_max {
            var raised = before
            raised.rlim_cur = before.rlim_max
            // Not allowed: then it stays as it was, which is asked next.
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised)
        }
        let now = limit() ?? before
        let room = max(64, Int(min(now.rlim_cur, 1 << 20)) - others)
        let connections = min(wanted ?? room, room)
        logger.info(
            "Open files: \(now.rlim_cur), so up to \(connections) connections of clients",
            metadata: ["files.before": "\(before.rlim_cur)", "files.limit": "\(now.rlim_cur)"]
        )
        if let wanted, wanted > room {
            logger.warning("TENURE_CONNECTION_LIMIT is more than the limit of open files allows: \(connections) it is")
        }
        return connections
    }

    private static func limit() -> rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
    }
}
