package import Logging
import Synchronization

/// Listens on a connection of its own, and connects again when that is lost.
///
/// A notification waits behind whatever its connection runs: it is lent to what runs seldom, and is to find a connection that
/// nobody uses. (Each that a replica has is one more that ends when it dies, just when the others need the processors.)
package final class PostgresListener: PostgresExecutor {
    private struct Protected {
        var connection: PostgresConnection?
        var subscribers: [UInt64: NotificationBuffer] = [:]
        var lastID: UInt64 = 0
        var isConnected = false
        var isFinished = false
        var isLost = false
    }

    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let logger: Logger
    private let protected = Mutex(Protected())

    package init(configuration: PostgresConfiguration, channels: [String], logger: Logger) {
        // LISTEN does not survive a pooler.
        var direct = configuration
        direct.mustBeDirect = true
        self.configuration = direct
        self.channels = channels
        self.logger = logger
    }

    /// What happens from here on, for one consumer; the same as `subscribe()`.
    package var events: PostgresNotificationEvents { subscribe() }

    /// What happens from here on, for one consumer; begins with `.connected` if that is so.
    package func subscribe(capacity: Int = 1024) -> PostgresNotificationEvents {
        let buffer = NotificationBuffer(capacity: capacity)
        let id = protected.withLock { protected in
            protected.lastID += 1
            if protected.isConnected { buffer.push(.connected) }
            if protected.isFinished {
                buffer.finish()
            } else {
                protected.subscribers[protected.lastID] = buffer
            }
            return protected.lastID
        }
        return PostgresNotificationEvents(buffer: buffer) { [weak self] in
            _ = self?.protected.withLock { $0.subscribers.removeValue(forKey: id) }
        }
    }

    /// Listens until the task is cancelled; then all subscriptions end.
    package func run() async throws {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(configuration, logger: logger) {
                    [weak self] notification in
                    self?.publish(
                        .notification(
                            channel: notification.channel,
                            payload: notification.payload,
                            backendPID: notification.backendPID
                        )
                    )
                }
                do {
                    for channel in channels {
                        try await connection.query(
                            "LISTEN \(raw: Self.quoted(channel))",
                            timeout: configuration.connectTimeout
                        )
                    }
                    backoff.reset()
                    if protected.withLock({ $0.isLost }) { logger.notice("Listening to PostgreSQL again") }
                    protected.withLock { $0.connection = connection }
                    publish(.connected)
                    let reason = await connection.waitUntilClosed()
                    protected.withLock { $0.connection = nil }
                    if !Task.isCancelled {
                        lost(reason ?? PostgresError(.closed, "The listener's connection was closed."))
                    }
                } catch {
                    if !Task.isCancelled { lost(error) }
                }
                await connection.close()
            } catch {
                if !Task.isCancelled { lost(error) }
            }
            // Cancellation ends the loop.
            try? await Task.sleep(for: backoff.next(), clock: .continuous)
        }
        let subscribers = protected.withLock { protected in
            protected.isFinished = true
            protected.isConnected = false
            defer { protected.subscribers = [:] }
            return protected.subscribers
        }
        for subscriber in subscribers.values { subscriber.finish() }
    }

    /// - Throws: as the connection does; while there is none, at once.
    package func query(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        guard let connection = protected.withLock({ $0.connection }) else {
            throw PostgresError(.closed, "The connection that listens is being made; nothing was sent.")
        }
        return try await connection.query(statement, timeout: timeout)
    }

    /// Says so once, however often connecting fails after it.
    private func lost(_ error: PostgresError) {
        let isNews = protected.withLock { protected in
            defer { protected.isLost = true }
            return !protected.isLost
        }
        logger.log(
            level: isNews ? .warning : .debug,
            "Not listening to PostgreSQL; connecting again, notifications may be missed",
            metadata: ["postgres.error": "\(error)"]
        )
        if isNews { publish(.lost(error)) }
    }

    private func publish(_ event: PostgresNotificationEvent) {
        let subscribers = protected.withLock { protected in
            switch event {
            case .connected:
                protected.isConnected = true
                protected.isLost = false
            case .lost: protected.isConnected = false
            case .notification: break
            }
            return protected.subscribers
        }
        for subscriber in subscribers.values { subscriber.push(event) }
    }

    private static func quoted(_ identifier: String) -> String {
        "\"" + identifier.replacing("\"", with: "\"\"") + "\""
    }
}
