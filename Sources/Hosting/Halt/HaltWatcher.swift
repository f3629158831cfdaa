package import CoreMetrics
package import Logging
import Metrics
package import Postgres
package import Store

/// Keeps this replica's ``HaltSwitch`` as the database has it: looks when it is told of a change, when the connection that it is
/// told by is new, and every now and then; and says in the database what it acts by.
package struct HaltWatcher: Sendable {
    private let repository: HaltRepository
    private let halt: HaltSwitch
    private let listener: PostgresListener
    private let instance: String
    private let interval: Duration
    private let halted: Gauge
    private let logger: Logger

    /// - Parameters:
    ///   - instance: of this process, as in its row.
    ///   - interval: how long it goes without a look.
    package init(
        repository: HaltRepository,
        halt: HaltSwitch,
        listener: PostgresListener,
        instance: String,
        interval: Duration,
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger
    ) {
        self.repository = repository
        self.halt = halt
        self.listener = listener
        self.instance = instance
        self.interval = interval
        self.logger = logger
        halted = Gauge(label: "tenure_halted", factory: metrics)
        halted.record(0)
    }

    /// Until the task is cancelled.
    package func run() async {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await event in listener.subscribe() {
                    switch event {
                    case .connected: wake.yield()
                    case .notification(_, let payload, _): if payload.hasPrefix("halt ") { wake.yield() }
                    case .lost: break
                    }
                }
            }
            group.addTask {
                // Cancellation ends it.
                while (try? await Task.sleep(for: interval)) != nil { wake.yield() }
            }
            wake.yield()
            for await _ in wakeUps { await look() }
            group.cancelAll()
        }
    }

    private func look() async {
        var heard = halt.known?.number
        while !Task.isCancelled {
            do {
                let now = try await repository.hear(instance: instance, number: heard)
                guard take(now) || now.number != heard else { return }
                // It counts as heard when what was on its way out is out.
                if now.isHalted { await halt.waitUntilQuiet() }
                heard = now.number
            } catch {
                // Asked again in a moment. Until then nothing new can be committed either.
                logger.debug("The halt cannot be asked for", metadata: ["error": "\(error)"])
                return
            }
        }
    }

    /// True if it is news.
    private func take(_ now: TradingHalt) -> Bool {
        let before = halt.known
        guard now != before else { return false }
        halt.set(now)
        halted.record(now.isHalted ? 1 : 0)
        if now.isHalted {
            logger.warning(
                "Trading is halted: no order leaves",
                metadata: ["halt.reason": "\(now.reason ?? "")", "halt.by": "\(now.by ?? "")"]
            )
        } else if before?.isHalted == true {
            logger.info("Trading goes on: the halt is lifted")
        }
        return true
    }
}
