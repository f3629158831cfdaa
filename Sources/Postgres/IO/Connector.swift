internal import CLibPQ
import Glibc
import Synchronization

/// Opens connections on threads of their own: resolving names, TLS and passwords all block, or cost time that the I/O
/// thread's other connections do not have.
enum Connector {
    /// One attempt: whichever of thread, deadline and cancellation comes first answers the caller.
    private final class Attempt: Sendable {
        private let continuation: Mutex<CheckedContinuation<Answer, Never>?>

        init(_ continuation: CheckedContinuation<Answer, Never>) {
            self.continuation = Mutex(continuation)
        }

        var isOver: Bool { continuation.withLock { $0 == nil } }

        /// False if the caller has been answered already.
        @discardableResult
        func answer(_ answer: Answer) -> Bool {
            let waiting = continuation.withLock { continuation in
                defer { continuation = nil }
                return continuation
            }
            waiting?.resume(returning: answer)
            return waiting != nil
        }
    }

    /// A `PGconn` on its way to the I/O thread. Unchecked: it has one owner at a time.
    struct Opened: @unchecked Sendable {
        let connection: OpaquePointer
        /// There is a pooler in between.
        var isPooled = false
    }

    private typealias Answer = Result<Opened, PostgresError>

    static func open(_ configuration: PostgresConfiguration) async throws(PostgresError) -> Opened {
        let parameters = try ConnectionParameters(configuration)
        let deadline = Moment.now + configuration.connectTimeout
        let current = Mutex<Attempt?>(nil)
        let ticket = CancellationTicket()
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
                let attempt = Attempt(continuation)
                current.withLock { $0 = attempt }
                if ticket.isCancelled { return _ = attempt.answer(.failure(cancelled)) }
                let timeout = PostgresError(
                    .timeout,
                    "The server did not accept a connection within \(configuration.connectTimeout)."
                )
                IOThread.shared.send(.schedule(IOTimer(deadline: deadline) { attempt.answer(.failure(timeout)) }))
                BlockingThreads.connecting.run {
                    guard !attempt.isOver else { return }
                    func connect(_ parameters: ConnectionParameters) -> Answer {
                        let connect = { Self.connect(parameters, deadline: deadline, isOver: { attempt.isOver }) }
                        return configuration.isHeardFirst ? HighDescriptor.for(connect) : connect()
                    }
                    var answer = connect(parameters)
                    if case .failure(let error) = answer, error.message.contains("unsupported startup parameter") {
                        // PgBouncer takes no settings.
                        answer = connect(parameters.withoutOptions)
                    }
                    if case .success(let opened) = answer {
                        answer = inspect(opened, configuration, deadline: deadline, isOver: { attempt.isOver })
                    }
                    switch answer {
                    case .failure(let error): attempt.answer(.failure(error))
                    case .success(let opened):
                        if !attempt.answer(.success(opened)) { PQfinish(opened.connection) }
                    }
                }
            }
        } onCancel: {
            ticket.cancel()
            current.withLock { $0 }?.answer(.failure(cancelled))
        }
        return try answer.get()
    }

    private static var cancelled: PostgresError {
        PostgresError(.cancelled, "The task was cancelled while it was connecting.")
    }

    private static func connect(
        _ parameters: ConnectionParameters,
        deadline: Moment,
        isOver: () -> Bool
    ) -> Answer {
        // Only libpq's blocking call goes on to the next host when one does not answer in time; only its other one can
        // be asked for SQLSTATEs.
        guard parameters.hostCount == 1 else {
            guard let connection = parameters.withPointers({ PQconnectdbParams($0, $1, 0) }) else { return outOfMemory }
            return finished(connection)
        }
        guard let connection = parameters.withPointers({ PQconnectStartParams($0, $1, 0) }) else { return outOfMemory }
        PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
        var state = PGRES_POLLING_WRITING
        while PQstatus(connection) != CONNECTION_BAD {
            var descriptor = pollfd(
                fd: PQsocket(connection),
                events: Int16(state == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                revents: 0
            )
            // In slices, to notice when nobody waits any longer.
            let ready = poll(&descriptor, 1, 100)
            if isOver() || deadline <= .now {
                PQfinish(connection)
                return .failure(PostgresError(.timeout, "The server did not accept a connection in time."))
            }
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            state = PQconnectPoll(connection)
            if state == PGRES_POLLING_OK || state == PGRES_POLLING_FAILED { break }
        }
        return finished(connection)
    }

    /// Finds out whether there is a pooler in between: it invents the process id that it gives to its clients.
    private static func inspect(
        _ opened: Opened,
        _ configuration: PostgresConfiguration,
        deadline: Moment,
        isOver: () -> Bool
    ) -> Answer {
        let connection = opened.connection
        func failed(_ error: PostgresError) -> Answer {
            PQfinish(connection)
            return .failure(error)
        }
        var backend: Int32?
        var isSent = PQsendQuery(connection, "SELECT pg_catalog.pg_backend_pid()") == 1
        while isSent {
            while PQisBusy(connection) != 0 {
                var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
                let ready = poll(&descriptor, 1, 100)
                if isOver() || deadline <= .now {
                    return failed(PostgresError(.timeout, "The server did not answer in time."))
                }
                if ready > 0, PQconsumeInput(connection) == 0 { break }
            }
            guard let result = PQgetResult(connection) else {
                isSent = false
                break
            }
            if PQresultStatus(result) == PGRES_TUPLES_OK, let text = PQgetvalue(result, 0, 0) {
                backend = Int32(String(cString: text))
            }
            PQclear(result)
        }
        guard let backend else {
            let message = ConnectionMessage(PQerrorMessage(connection).map { String(cString: $0) } ?? "")
            return failed(PostgresError(.connection, "The new connection does not work: \(message.text)"))
        }
        let isPooled = backend != PQbackendPID(connection)
        guard !isPooled || !configuration.mustBeDirect else {
            return failed(
                PostgresError(
                    .invalidUse,
                    """
                    There is a connection pooler between here and the server, and this session must be direct: what it \
                    sets, locks and listens to does not survive a pooler. Give it the server's own address.
                    """
                )
            )
        }
        return .success(Opened(connection: connection, isPooled: isPooled))
    }

    private static var outOfMemory: Answer { .failure(PostgresError(.connection, "libpq is out of memory.")) }

    private static func finished(_ connection: OpaquePointer) -> Answer {
        guard PQstatus(connection) == CONNECTION_OK else {
            let message = ConnectionMessage(PQerrorMessage(connection).map { String(cString: $0) } ?? "")
            PQfinish(connection)
            var fields = PostgresError.ServerFields()
            fields.sqlState = message.sqlState
            fields.hint = hint(message)
            return .failure(PostgresError(.connection, message.text, fields: fields))
        }
        PQsetErrorVerbosity(connection, PQERRORS_DEFAULT)
        return .success(Opened(connection: connection))
    }

    private static func hint(_ message: ConnectionMessage) -> String? {
        switch message.sqlState {
        case "42704" where message.text.contains("client_connection_check_interval"):
            "PostgreSQL 14 or newer is needed."
        case "53300": "Raise max_connections on the server, or make the pools smaller."
        default: nil
        }
    }
}
