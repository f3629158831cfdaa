import Postgres
import Trading

/// A start on its way into the database.
struct PendingStart: Sendable {
    let order: StartOrder
    /// Of the request, if it has one.
    let key: IdempotencyKey?
}

/// What became of one in one statement.
enum Placement: Sendable {
    case done(ActiveStrategy)
    /// There was a shard for it, but the market is taken.
    case taken
    /// No shard could be locked for it.
    case unplaced
    /// The request of this key has been done.
    case repeated
}

/// Starts as columns, so that one statement takes any number of them.
struct StartColumns {
    private(set) var symbols: [String] = []
    private(set) var exchanges: [String] = []
    private(set) var modes: [String] = []
    private(set) var intervals: [String] = []
    private(set) var executions: [String] = []
    private(set) var configs: [PostgresJSON] = []
    private(set) var limits: [PostgresJSON] = []
    private(set) var moments: [PostgresTimestamp?] = []
    private(set) var pauses: [Bool] = []
    private(set) var names: [String?] = []
    private(set) var senders: [String?] = []
    private(set) var keys: [String?] = []

    init(_ starts: [PendingStart]) throws {
        for start in starts {
            let order = start.order
            symbols.append(order.symbol.name)
            exchanges.append(order.exchange)
            modes.append(order.strategyType)
            intervals.append(order.interval.rawValue)
            executions.append(order.execution.rawValue)
            configs.append(PostgresJSON(order.config.text))
            limits.append(PostgresJSON(try order.limits.jsonText))
            moments.append(order.startedAt.map { PostgresTimestamp(milliseconds: $0.milliseconds) })
            pauses.append(order.isPaused)
            names.append(order.by)
            senders.append(start.key?.sender)
            keys.append(start.key?.key)
        }
    }
}
