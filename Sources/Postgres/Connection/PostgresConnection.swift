internal import CLibPQ
package import Logging
import Synchronization

/// One connection. Any number of tasks may use it at once: their statements are pipelined, each on its own.
///
/// Released without `close()` it is closed, too.
package final class PostgresConnection: PostgresExecutor {
    /// The process id of the server's backend.
    package let backendPID: Int32
    /// For example 150018 for 15.18.
    package let serverVersion: Int
    let driver: ConnectionDriver

    private init(driver: ConnectionDriver, backendPID: Int32, serverVersion: Int) {
        self.driver = driver
        self.backendPID = backendPID
        self.serverVersion = serverVersion
    }

    deinit {
        IOThread.shared.send(.close(driver))
    }

    /// Connects.
    ///
    /// - Throws: `PostgresError`: `.connection` (refused, with the server's SQLSTATE where it gave one), `.timeout`,
    ///   `.cancelled`, or `.invalidUse` for a connection string that cannot be read, or one that leads to a pooler where a
    ///   direct connection is needed.
    package static func connect(
        _ configuration: PostgresConfiguration,
        logger: Logger
    ) async throws(PostgresError) -> PostgresConnection {
        try await connect(configuration, logger: logger, onNotification: nil)
    }

    static func connect(
        _ configuration: PostgresConfiguration,
        logger: Logger,
        onNotification: (@Sendable (PostgresNotification) -> Void)?
    ) async throws(PostgresError) -> PostgresConnection {
        let opened = try await Connector.open(configuration)
        let pid = PQbackendPID(opened.connection)
        let version = Int(PQserverVersion(opened.connection))
        var logger = logger
        logger[metadataKey: "postgres.pid"] = "\(pid)"
        let driver = ConnectionDriver(
            connection: opened.connection,
            isPooled: opened.isPooled,
            logger: logger,
            onNotification: onNotification
        )
        IOThread.shared.send(.adopt(driver))
        return PostgresConnection(driver: driver, backendPID: pid, serverVersion: version)
    }

    /// Whether a pooler such as PgBouncer is in between: then each transaction may meet another backend, and session state
    /// (LISTEN, session locks, settings) does not last.
    package var isPooled: Bool { driver.isPooled }

    package var isClosed: Bool {
        if case .closed = driver.closed.state { true } else { false }
    }

    /// Whether an explicit transaction was open when the last answer came.
    var hasOpenTransaction: Bool { driver.inTransaction.load(ordering: .acquiring) }

    /// Returns when the connection is closed: with the reason if it was lost, with nil if it was closed by its owner (or
    /// the waiting task is cancelled). A loss is noticed from the socket, also when nothing is under way.
    package func waitUntilClosed() async -> PostgresError? {
        await driver.closed.wait()
    }

    /// Takes nothing more, lets what is under way finish (for 5 s at most), and closes. Returns when it is closed.
    package func close() async {
        IOThread.shared.send(.close(driver))
        await withShieldFromCancellation { [driver] in _ = await driver.closed.wait() }
    }

    @discardableResult
    package func query(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        guard statement.parameters.count <= PostgresParameters.limit else {
            throw PostgresError(
                .invalidUse,
                "A statement has at most \(PostgresParameters.limit) parameters; pass arrays, and unnest them.",
                query: statement.sql
            )
        }
        return try await perform(.statement(statement), timeout: timeout)
    }

    /// Runs several statements, separated by semicolons, as one (the simple protocol): unless the script says otherwise, in
    /// one transaction. Alone on the connection.
    package func execute(script: String) async throws(PostgresError) {
        _ = try await perform(.script(script), timeout: nil)
    }

    /// For statements that must be sent even when the task is cancelled: the end of a transaction.
    func performShielded(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        try await answer(to: .statement(statement), timeout: timeout, ticket: CancellationTicket()).get()
    }

    private func perform(
        _ work: StatementRequest.Work,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        try await answerUnlessCancelled(to: work, timeout: timeout, ticket: CancellationTicket()).get()
    }

    func answerUnlessCancelled(
        to work: StatementRequest.Work,
        timeout: Duration?,
        ticket: CancellationTicket
    ) async -> StatementRequest.Answer {
        await withTaskCancellationHandler {
            await answer(to: work, timeout: timeout, ticket: ticket)
        } onCancel: {
            cancel(ticket)
        }
    }

    /// Does nothing if the statement is over.
    func cancel(_ ticket: CancellationTicket) {
        ticket.cancel()
        IOThread.shared.send(.cancel(driver, ticket.id))
    }

    private func answer(
        to work: StatementRequest.Work,
        timeout: Duration?,
        ticket: CancellationTicket
    ) async -> StatementRequest.Answer {
        let deadline = timeout.map { Moment.now + $0 }
        return await StatementRequest.answer { continuation in
            let request = StatementRequest(
                work: work,
                deadline: deadline,
                ticket: ticket,
                continuation: continuation
            )
            if !driver.submitNow(request) { IOThread.shared.send(.submit(driver, request)) }
        }
    }
}

/// Runs `body` to its end even if the calling task is cancelled.
func withShieldFromCancellation<R: Sendable>(_ body: sending @escaping () async -> R) async -> R {
    // Unstructured on purpose: only a task of its own does not inherit the cancellation.
    await Task { await body() }.value
}
