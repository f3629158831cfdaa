import Postgres

extension PostgresError {
    /// Whether the same statement may succeed later: the server is away or short of something, or two statements met. An
    /// error in the data itself never is.
    var isTransient: Bool {
        if isConnectionLoss || code == .timeout || code == .poolTimeout { return true }
        guard let sqlState else { return false }
        // 08 connection, 40 rollback (serialization, deadlock), 53 resources (disk, memory, connections), 57 operator
        // intervention (shutdown, starting up), 58 system; 25006 read-only: a standby that is being promoted; 55P03 lock.
        return ["08", "40", "53", "57", "58"].contains(String(sqlState.prefix(2)))
            || ["25006", "55P03"].contains(sqlState)
    }
}
