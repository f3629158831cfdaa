import AsyncHTTPClient
package import Logging
package import Metrics
import NIOCore
import NIOHTTP1
import NIOPosix
package import Postgres
import Store
import Trading

/// Sends notifications: each at least once, in the order of the events, by one replica at a time.
///
/// The events are the outbox: whoever records one needs to do nothing else. The place in them is moved on when an event has
/// been delivered (or is too old to be news), so a sender that dies, or is taken for dead, leaves the rest to the next one.
package struct WebhookService: Sendable {
    private let configuration: WebhookConfiguration
    private let repository: WebhookRepository
    private let queries: StrategyQueries
    private let logger: Logger
    private let delivered: Counter
    private let failed: Counter
    private let givenUp: Counter
    private let lag: Gauge

    /// Between two looks at the events. Not each of them is announced.
    private static let interval = Duration.seconds(1)
    private static let page = 500

    /// - Parameter instance: names this process among the replicas.
    package init(
        configuration: WebhookConfiguration,
        database: any PostgresExecutor,
        instance: String,
        logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.configuration = configuration
        self.logger = logger
        repository = WebhookRepository(database: database, instance: instance)
        queries = StrategyQueries(database: database, timeout: .seconds(5))
        func counter(_ result: String) -> Counter {
            Counter(label: "tenure_webhook_deliveries_total", dimensions: [("result", result)], factory: metrics)
        }
        delivered = counter("delivered")
        failed = counter("failed")
        givenUp = counter("given_up")
        lag = Gauge(label: "tenure_webhook_lag_seconds", factory: metrics)
        // So that their growth can be asked for from the first one on.
        for counter in [delivered, failed, givenUp] { counter.increment(by: 0) }
        lag.record(0)
    }

    /// Sends whenever it is this replica's turn, until the task is cancelled.
    package func run() async {
        var client = HTTPClient.Configuration.singletonConfiguration
        // Whoever is meant is named: what was sent on elsewhere has not arrived, and would arrive as a GET.
        client.redirectConfiguration = .disallow
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: client
        )
        var reading: Reading?
        while !Task.isCancelled {
            do {
                try await sendPending(&reading, http)
            } catch {
                // Whatever it was, the place in the database is right.
                reading = nil
                if !Task.isCancelled { logger.debug("Notifications wait", metadata: ["error": "\(error)"]) }
            }
            // Ends early when cancelled, as the loop does then.
            try? await Task.sleep(for: Self.interval)
        }
        // Nothing uses it any more, so there is nothing that could be wrong.
        try? await http.shutdown()
    }

    /// Where this replica is in the events, while it is its turn.
    private struct Reading {
        var order: EventOrder
        let epoch: Int64
    }

    private func sendPending(_ reading: inout Reading?, _ http: HTTPClient) async throws {
        while true {
            guard let turn = try await repository.turn() else {
                reading = nil
                lag.record(0)
                return
            }
            var current: Reading
            if let reading, reading.epoch == turn.epoch, reading.order.position == turn.position {
                current = reading
            } else {
                current = Reading(order: EventOrder(position: turn.position), epoch: turn.epoch)
                // The first time ever this is where it begins, whatever comes.
                try await advance(to: turn.position, turn.epoch)
            }
            let tail = try await queries.eventTail(after: current.order.position, limit: Self.page)
            let events = current.order.next(in: tail)
            for event in events {
                guard let notification = Notification(event) else { continue }
                try await deliver(notification, epoch: current.epoch, http)
                try await advance(to: event.id, current.epoch)
            }
            if !events.isEmpty { try await advance(to: current.order.position, current.epoch) }
            reading = current
            guard events.count == Self.page else { return }
        }
    }

    private func advance(to position: Int64, _ epoch: Int64) async throws {
        guard try await repository.advance(to: position, epoch: epoch) else { throw TurnIsOver() }
    }

    /// Returns when the notification has been taken, or is too old.
    private func deliver(_ notification: Notification, epoch: Int64, _ http: HTTPClient) async throws {
        var metadata: Logger.Metadata = [
            "event.id": "\(notification.event.id)", "event.kind": "\(notification.event.kind)",
        ]
        var failures = 0
        while true {
            // Asked anew each time: after so long a pause it may be another one's turn.
            guard let turn = try await repository.turn(), turn.epoch == epoch else { throw TurnIsOver() }
            let age = Duration.milliseconds(turn.now.since(notification.event.at))
            guard age < configuration.giveUpAfter else {
                logger.error("Webhook given up: the notification is too old", metadata: metadata)
                givenUp.increment()
                return lag.record(0)
            }
            guard let problem = try await attempt(notification, at: turn, http) else {
                logger.info("Webhook delivered", metadata: metadata)
                delivered.increment()
                return lag.record(0)
            }
            failures += 1
            failed.increment()
            lag.record(age / .seconds(1))
            metadata["webhook.failures"] = "\(failures)"
            metadata["webhook.problem"] = "\(problem)"
            logger.warning("Webhook not delivered; trying again", metadata: metadata)
            try await Task.sleep(for: configuration.pause(after: failures))
        }
    }

    /// - Returns: Why it was not delivered; nil if it was.
    private func attempt(
        _ notification: Notification,
        at turn: WebhookRepository.Turn,
        _ http: HTTPClient
    ) async throws -> String? {
        let body = notification.body
        let seconds = turn.now.milliseconds / 1_000
        var request = HTTPClientRequest(url: configuration.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "tenure")
        request.headers.add(name: "webhook-id", value: notification.id)
        request.headers.add(name: "webhook-timestamp", value: "\(seconds)")
        request.headers.add(
            name: "webhook-signature",
            value: configuration.secret.signature(id: notification.id, seconds: seconds, body: body)
        )
        request.body = .bytes(ByteBuffer(string: body))
        do {
            // The body of the answer says nothing; dropped with its connection.
            let response = try await http.execute(request, timeout: TimeAmount(configuration.timeout))
            return (200..<300).contains(response.status.code) ? nil : "the receiver answered \(response.status.code)"
        } catch {
            try Task.checkCancellation()
            return "\(error)"
        }
    }

    /// Another replica sends now.
    private struct TurnIsOver: Error {}
}
