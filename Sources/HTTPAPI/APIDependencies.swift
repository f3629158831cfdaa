package import CoreMetrics
package import Store

/// All that the API needs from the rest of the program.
package struct APIDependencies: Sendable {
    package var desired: DesiredStateRepository
    package var halts: HaltRepository
    package var limits: LimitRepository
    package var queries: StrategyQueries
    /// Of requests that name themselves.
    package var repetitions: IdempotencyRepository
    package var validator: any StartValidator
    package var candles: any CandleSource
    package var replays: any ReplaySource
    package var access: AccessControl
    package var readiness: any ReadinessSource
    /// Fed by the process's one listener on the channel `tenure`.
    package var changes: ChangeSignal
    /// Told by the same listener; runs beside the server.
    package var events: EventFeed
    /// The page of `GET /metrics`, in Prometheus' text format.
    package var metrics: @Sendable () -> String
    /// Where requests are counted.
    package var metricsFactory: any MetricsFactory

    package init(
        desired: DesiredStateRepository,
        halts: HaltRepository,
        limits: LimitRepository,
        queries: StrategyQueries,
        repetitions: IdempotencyRepository,
        validator: any StartValidator,
        candles: any CandleSource,
        replays: any ReplaySource,
        access: AccessControl,
        readiness: any ReadinessSource,
        changes: ChangeSignal,
        events: EventFeed,
        metrics: @escaping @Sendable () -> String,
        metricsFactory: any MetricsFactory = MetricsSystem.factory
    ) {
        self.desired = desired
        self.halts = halts
        self.limits = limits
        self.queries = queries
        self.repetitions = repetitions
        self.validator = validator
        self.candles = candles
        self.replays = replays
        self.access = access
        self.readiness = readiness
        self.changes = changes
        self.events = events
        self.metrics = metrics
        self.metricsFactory = metricsFactory
    }
}
