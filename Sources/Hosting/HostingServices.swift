package import CoreMetrics
package import Exchanges
package import Logging
import Postgres
package import Store
package import Strategies

/// What every runner on this replica works with.
package struct HostingServices: Sendable {
    let registry: StrategyRegistry
    /// By name.
    let exchanges: [String: any Exchange]
    /// Where live orders may be sent, by exchange.
    let venues: [String: LiveVenue]
    /// By exchange.
    let starts: [String: StartGate]
    let repository: JournalRepository
    /// For what a failover waits for: loading what was taken.
    let restoring: JournalRepository
    let journal: StepJournal
    let halt: HaltSwitch
    let paper: PaperMarket
    let trials: TrialPolicy
    let metrics: HostingMetrics
    let logger: Logger

    package init(
        registry: StrategyRegistry,
        exchanges: [any Exchange],
        venues: [String: LiveVenue] = [:],
        repository: JournalRepository,
        restoring: JournalRepository? = nil,
        journal: StepJournal,
        halt: HaltSwitch = HaltSwitch(),
        paper: PaperMarket,
        trials: TrialPolicy = .standard,
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger
    ) {
        self.registry = registry
        self.exchanges = Dictionary(uniqueKeysWithValues: exchanges.map { ($0.name, $0) })
        self.venues = venues
        starts = self.exchanges.mapValues { _ in StartGate() }
        self.repository = repository
        self.restoring = restoring ?? repository
        self.journal = journal
        self.halt = halt
        self.paper = paper
        self.trials = trials
        self.metrics = HostingMetrics(factory: metrics)
        self.logger = logger
    }

    /// Repeats a statement that may safely be repeated, until the database answers it or the task is cancelled.
    func retrying<R>(_ body: () async throws -> R) async throws -> R {
        let backOff = BackOffPolicy(initial: .milliseconds(5), maximum: .milliseconds(500))
        var attempt = 0
        while true {
            do {
                return try await body()
            } catch let error as PostgresError where error.isTransient {
                try Task.checkCancellation()
                logger.debug("A statement failed; trying again", metadata: ["error": "\(error)"])
                attempt += 1
                try await Task.sleep(for: backOff.delay(attempt: attempt))
            }
        }
    }
}
