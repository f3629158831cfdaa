/// What can go wrong.
enum FaultKind: String, CaseIterable, Sendable {
    /// SIGKILL; started again later.
    case kill
    /// SIGSTOP and SIGCONT within the TTL, and beyond it.
    case pause
    case freeze
    /// SIGTERM: a drain; started again later.
    case terminate
    /// `pg_terminate_backend` of some of the replicas' connections.
    case backends
    /// PostgreSQL stopped (fast or immediate) and started again.
    case restart
    /// Between one replica and PostgreSQL: everything reset and refused; nothing gets through, and all of it later; only the
    /// server's answers do not get through; the client's end reset while the server's stays; every packet late.
    case databaseCut = "db-cut"
    case databaseSilent = "db-silent"
    case databaseDeaf = "db-deaf"
    case databaseHalfOpen = "db-half-open"
    case databaseSlow = "db-slow"
    /// Between one replica and the exchange.
    case exchangeCut = "ex-cut"
    case exchangeSilent = "ex-silent"
    case exchangeSlow = "ex-slow"
    /// The exchange refuses requests, ends all streams, stands still; it loses stream events, orders, its answers to them, and
    /// its reports.
    case exchangeErrors = "ex-errors"

    /// Whether it happens to one replica.
    var hitsReplica: Bool {
        switch self {
        case .kill, .pause, .freeze, .terminate, .databaseCut, .databaseSilent, .databaseDeaf, .databaseHalfOpen,
            .databaseSlow, .exchangeCut, .exchangeSilent, .exchangeSlow:
            true
        case .backends, .restart, .exchangeErrors: false
        }
    }
}
