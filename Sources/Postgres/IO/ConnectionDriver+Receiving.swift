internal import CLibPQ
import Logging

extension ConnectionDriver {
    /// Takes from libpq every answer that is complete.
    func readReplies() {
        while !isFinished, let connection {
            guard continueCopy(connection), !isFinished else { return }
            // Also parses what has been read, so that notifications and last words are found when nothing is expected.
            let isBusy = PQisBusy(connection) != 0
            deliverNotifications(connection)
            guard !isBusy, let head = machine.head else { return }
            guard let pointer = PQgetResult(connection) else {
                // After a loss libpq has nothing but this to say, again and again; the loss is noticed elsewhere.
                guard PQstatus(connection) == CONNECTION_OK else { return }
                perform(machine.received(.end), result: nil, error: nil)
                continue
            }
            let status = PQresultStatus(pointer)
            if status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY {
                perform(machine.received(.success), result: ResultStorage(pointer), error: nil)
                continue
            }
            defer { PQclear(pointer) }
            switch status {
            case PGRES_PIPELINE_SYNC:
                perform(
                    machine.received(.sync(inTransaction: transactionIsOpen())),
                    result: nil,
                    error: nil
                )
            case PGRES_PIPELINE_ABORTED:
                perform(machine.received(.skipped), result: nil, error: nil)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                guard !beginCopy(status) else { continue }
                lose(PostgresError(.connection, "COPY cannot be run as a statement; the connection had to be closed."))
            default:
                let error = PostgresError(serverFields: ServerMessage.fields(of: pointer))
                guard !error.isFatal else { return lose(lastWords ?? error.with(code: .connection, query: nil)) }
                // libpq's own words about a broken connection; the loss is noticed elsewhere, with its reason.
                guard error.sqlState != nil || PQstatus(connection) == CONNECTION_OK else { return }
                perform(machine.received(.failure(failure(error, of: head))), result: nil, error: error)
            }
        }
    }

    /// Whether there is more for `readReplies()`. When libpq cannot send it reads, and of what has been read already no
    /// socket tells.
    var hasUnreadReply: Bool {
        guard !isFinished, copying == nil, let connection, machine.head != nil else { return false }
        let isBusy = PQisBusy(connection) != 0
        deliverNotifications(connection)
        return !isBusy
    }

    private func perform(
        _ action: ConnectionStateMachine.ReplyAction,
        result: ResultStorage?,
        error: PostgresError?
    ) {
        switch action {
        case .none: break
        case .prepared(let id):
            if let prepared = pending[id]?.prepared { cache.confirm(prepared.key, name: prepared.name) }
        case .keepResult: headResult = result.map(PostgresResult.init(storage:))
        case .keepError(_, let whilePreparing):
            headError = error
            headIsStale = headIsStale || whilePreparing
        case .complete(let id, let completion):
            restorePipelineMode()
            complete(id, completion)
        case .violation:
            lose(PostgresError(.connection, "The server's answers are out of step: \(libpqMessage)"))
        }
    }

    private func failure(_ error: PostgresError, of head: UInt64) -> ConnectionStateMachine.Failure {
        switch error.sqlState {
        // A COPY whose data was broken off: no cancel request did that, and one may still be on its way.
        case "57014" where pending[head]?.request.isCopyIn == true: return .other
        case "57014": return .cancelled
        case "26000" where pending[head]?.prepared != nil,
            // The code alone means any feature that is not supported.
            "0A000" where error.fields.routine == "RevalidateCachedQuery":
            headIsStale = true
            return .staleStatement
        default: return .other
        }
    }

    /// After a script.
    private func restorePipelineMode() {
        guard let connection, PQpipelineStatus(connection) == PQ_PIPELINE_OFF else { return }
        if PQenterPipelineMode(connection) != 1 {
            lose(PostgresError(.connection, "Pipeline mode could not be entered again: \(libpqMessage)"))
        }
    }

    private func deliverNotifications(_ connection: OpaquePointer) {
        while let notify = PQnotifies(connection) {
            defer { PQfreemem(notify) }
            onNotification?(
                PostgresNotification(
                    channel: String(cString: notify.pointee.relname),
                    payload: String(cString: notify.pointee.extra),
                    backendPID: notify.pointee.be_pid
                )
            )
        }
    }

    /// A notice, or the last words of a server that ends an idle connection.
    func noticed(_ result: OpaquePointer) {
        let fields = ServerMessage.fields(of: result)
        let error = PostgresError(serverFields: fields)
        // A crash of another backend is announced as a warning, and then the connection is closed.
        if lastWords == nil, error.isFatal || error.sqlState == "57P02" {
            lastWords = error.with(code: .connection, query: nil)
        }
        logger.debug(
            "Notice from PostgreSQL",
            metadata: [
                "postgres.severity": "\(fields.severity ?? "")", "postgres.sqlstate": "\(fields.sqlState ?? "")",
                "postgres.message": "\(fields.message ?? "")",
            ]
        )
    }
}
