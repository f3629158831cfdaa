import Synchronization

/// What has been read of a `COPY … TO STDOUT` and not yet been taken. When that is much, the driver stops reading from the
/// socket, and so the server stops sending.
final class CopyOutChannel: Sendable {
    typealias Row = Result<[UInt8]?, PostgresError>

    private struct Protected {
        var rows = FIFO<[UInt8]>()
        var byteCount = 0
        /// The driver has stopped reading.
        var isPaused = false
        /// Nobody takes the rest.
        var isAbandoned = false
        var end: Row?
        var consumer: CheckedContinuation<Row, Never>?
    }

    private static let capacity = 256 * 1024

    private let driver: ConnectionDriver
    private let protected = Mutex(Protected())

    init(driver: ConnectionDriver) {
        self.driver = driver
    }

    /// What comes from now on is dropped.
    func abandon() {
        protected.withLock { protected in
            protected.isAbandoned = true
            protected.rows.removeAll()
            protected.byteCount = 0
        }
    }

    // MARK: The driver's side

    enum Demand {
        case rows
        /// Too many wait; the driver is told when it may go on.
        case none
        /// Nobody takes them, but they must be read, up to the end.
        case drop
    }

    func demand() -> Demand {
        protected.withLock { protected in
            if protected.isAbandoned { return .drop }
            protected.isPaused = protected.byteCount >= Self.capacity
            return protected.isPaused ? .none : .rows
        }
    }

    /// - Returns: whoever waits for the row; if nobody does, it is kept.
    func push(_ row: [UInt8]) -> CheckedContinuation<Row, Never>? {
        protected.withLock { protected in
            if let consumer = protected.consumer {
                protected.consumer = nil
                return consumer
            }
            protected.rows.append(row)
            protected.byteCount += row.count
            return nil
        }
    }

    // MARK: The callers' side

    /// The statement is over.
    func finish(_ answer: StatementRequest.Answer) {
        let end: Row = answer.map { _ in nil }
        let consumer = protected.withLock { protected in
            protected.end = end
            defer { protected.consumer = nil }
            return protected.consumer
        }
        consumer?.resume(returning: end)
    }

    func next() async -> Row {
        // A cancelled task cancels the statement, whose end is the answer.
        await withCheckedContinuation { continuation in
            let (row, mustResume): (Row?, Bool) = protected.withLock { protected in
                if let row = protected.rows.popFirst() {
                    protected.byteCount -= row.count
                    return (.success(row), protected.isPaused && protected.byteCount < Self.capacity / 2)
                }
                if let end = protected.end { return (end, false) }
                precondition(protected.consumer == nil, "the rows of a COPY are iterated by two tasks at once")
                protected.consumer = continuation
                return (nil, false)
            }
            if mustResume { IOThread.shared.send(.look(driver)) }
            if let row { continuation.resume(returning: row) }
        }
    }
}
