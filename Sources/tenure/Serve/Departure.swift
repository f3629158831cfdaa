import FoundationEssentials
import Glibc
import HTTPAPI
import Logging
import ServiceLifecycle
import Synchronization

/// How this process leaves: politely, and for as long as that may take.
///
/// A drain begins with a signal or by request. After `limit`, or at the second signal, the process ends at once, in the
/// middle of whatever it does: then the kernel closes its connections, and the others take over as after a crash.
final class Departure: Sendable {
    private let limit: Duration
    private let linger: Duration
    private let logger: Logger
    private let beganAt = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameters:
    ///   - limit: The longest time from the beginning to the end of the process.
    ///   - linger: How long requests are taken still, so that a load balancer has seen that this replica is not ready.
    init(limit: Duration, linger: Duration, logger: Logger) {
        self.limit = limit
        self.linger = linger
        self.logger = logger
    }

    /// The drain has begun; from now on the time counts.
    func begin() {
        let isFirst = beganAt.withLock { beganAt in
            defer { beganAt = beganAt ?? .now }
            return beganAt == nil
        }
        guard isFirst else { return }
        // Unstructured: it must outlast whatever hangs, and ends with the process.
        Task(name: "ends a drain that takes too long") { [self] in
            // Nobody cancels it.
            try? await Task.sleep(for: limit, clock: .continuous)
            endNow("The drain took longer than \(limit) (TENURE_DRAIN_TIMEOUT)")
        }
    }

    /// Ends the process without another word to anybody.
    func endNow(_ reason: String) -> Never {
        logger.error("\(reason): ending now; what was not handed over is left to be taken over")
        _exit(1)
    }

    /// Returns when the load balancer has had its time.
    func waitUntilUnnoticed() async throws {
        guard let began = beganAt.withLock({ $0 }) else { return }
        try await Task.sleep(until: began + linger, clock: .continuous)
    }
}

/// Keeps what comes before it in the service group running for a while after what comes after it has ended, and until nobody is
/// left who has been let in and has not been heard.
struct LingeringService: Service {
    let departure: Departure
    let listening: ListeningSocket

    func run() async throws {
        try await gracefulShutdown()
        try await departure.waitUntilUnnoticed()
        await listening.letNobodyIn()
    }
}
