import Synchronization

/// Hands pieces of a `COPY … FROM STDIN` to the driver, one at a time: the next when it has sent the one before.
final class CopyInChannel: Sendable {
    enum Step: Sendable {
        case piece([UInt8])
        /// All is there: the server may write it.
        case end
        /// The server must forget it.
        case failure
    }

    private struct Protected {
        var step: Step?
        var isClosed = false
        /// Whoever waits to hand over the next piece.
        var producer: CheckedContinuation<Bool, Never>?
    }

    private let driver: ConnectionDriver
    private let protected = Mutex(Protected())

    init(driver: ConnectionDriver) {
        self.driver = driver
    }

    // MARK: The driver's side

    /// What is to be sent next, if that is known yet, and who may hand over what comes after it.
    func take() -> (step: Step?, producer: CheckedContinuation<Bool, Never>?) {
        protected.withLock { protected in
            defer { (protected.step, protected.producer) = (nil, nil) }
            return (protected.step, protected.producer)
        }
    }

    /// The server must forget it all; nothing more is taken.
    ///
    /// - Returns: whoever waits, to be told so.
    func abandon() -> CheckedContinuation<Bool, Never>? {
        protected.withLock { protected in
            protected.step = .failure
            protected.isClosed = true
            defer { protected.producer = nil }
            return protected.producer
        }
    }

    // MARK: The callers' side

    /// False if the statement is over: then nothing more is taken.
    func send(_ piece: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            let isOpen = protected.withLock { protected in
                guard !protected.isClosed else { return false }
                protected.step = .piece(piece)
                protected.producer = continuation
                return true
            }
            guard isOpen else { return continuation.resume(returning: false) }
            IOThread.shared.send(.look(driver))
        }
    }

    func end() {
        protected.withLock { protected in
            if !protected.isClosed { protected.step = .end }
        }
        IOThread.shared.send(.look(driver))
    }

    /// The statement is over.
    func finish(_ answer: StatementRequest.Answer) -> StatementRequest.Answer {
        let producer = protected.withLock { protected in
            protected.isClosed = true
            defer { protected.producer = nil }
            return protected.producer
        }
        producer?.resume(returning: false)
        return answer
    }
}
