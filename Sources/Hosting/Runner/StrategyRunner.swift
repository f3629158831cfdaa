import Coordination
import CoreMetrics
import Exchanges
import Logging
import Store
import Strategies
import Synchronization
import Trading

/// Runs one strategy under one fencing token: restore, catch up, join the stream, step by step, until it is stopped, lost or
/// fails.
final class StrategyRunner: Sendable {
    let definition: StoredStrategy
    let token: FencingToken
    let isRestore: Bool
    private let services: HostingServices
    private let logger: Logger

    private struct Control {
        var isPaused: Bool
        var stop: StoredStrategy.StopRequest?
        /// The run goes on from here after an error.
        var committed: Checkpoint?
        var positionIsOpen = false
    }

    private let control: Mutex<Control>
    private let stopSignal: AsyncStream<Void>
    private let stopper: AsyncStream<Void>.Continuation
    private let ended = CompletionSignal()

    /// What the host hears from a runner.
    enum Report: Sendable {
        /// All that happened meanwhile has been processed; the strategy follows the market.
        case isUp
        /// It runs no more on this replica: ordered, lost, or failed for good (then the reason is stored).
        case ended
    }

    init(_ definition: StoredStrategy, token: FencingToken, isRestore: Bool, services: HostingServices) {
        self.definition = definition
        self.token = token
        self.isRestore = isRestore
        self.services = services
        control = Mutex(Control(isPaused: definition.isPaused, committed: definition.checkpoint))
        (stopSignal, stopper) = AsyncStream.makeStream()
        var logger = services.logger
        logger[metadataKey: "strategy.id"] = "\(definition.id)"
        logger[metadataKey: "strategy.symbol"] = "\(definition.symbol)"
        logger[metadataKey: "shard.epoch"] = "\(token.epoch)"
        self.logger = logger
    }

    var hasOpenPosition: Bool { control.withLock { $0.positionIsOpen } }

    func setPaused(_ isPaused: Bool) { control.withLock { $0.isPaused = isPaused } }

    /// Ends the run at the next settled point: a step that has begun is committed. ``waitUntilEnded()`` says when.
    func stop(for request: StoredStrategy.StopRequest? = nil) {
        control.withLock { $0.stop = request }
        stopper.finish()
    }

    func waitUntilEnded() async { await ended.wait() }

    func run(_ report: @Sendable @escaping (Report) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.live(report) }
            group.addTask { for await _ in self.stopSignal {} }
            await group.next()
            group.cancelAll()
        }
        ended.complete()
        report(.ended)
    }

    /// Attempts after errors: of the strategy (counted: it fails for good after five in a row) and of the exchange (for as
    /// long as it takes). Each goes on from the last checkpoint that was committed.
    private func live(_ report: @Sendable @escaping (Report) -> Void) async {
        var attempt = 0
        var strategyErrors = 0
        while !Task.isCancelled {
            let before = cursor
            do {
                try await self.attempt(report)
            } catch is CancellationError {
                break
            } catch let error as ExchangeError where error.code == .cancelled || error.code == .shutDown {
                break
            } catch let error as HostingError where error == .lost {
                logger.info("Another replica owns this strategy now; stopped here")
                return
            } catch let error as ExchangeError where error.isTransient {
                logger.warning("The exchange does not answer; trying again", metadata: ["error": "\(error)"])
            } catch let error as ExchangeError {
                return await fail(error.message, report)
            } catch let error as HostingError {
                return await fail(error.message, report)
            } catch let error as StoreError {
                return await fail(error.message, report)
            } catch {
                if cursor != before { strategyErrors = 0 }
                strategyErrors += 1
                if strategyErrors >= Self.mostErrors { return await fail("\(error)", report) }
                logger.warning("The strategy failed; starting it again", metadata: ["error": "\(error)"])
            }
            attempt = cursor == before ? attempt + 1 : 0
            do { try await Task.sleep(for: Self.backOff.delay(attempt: attempt)) } catch { break }
        }
        await closePositionIfAsked()
    }

    private static let mostErrors = 5
    private static let backOff = BackOffPolicy()

    private func attempt(_ report: @Sendable @escaping (Report) -> Void) async throws {
        guard definition.execution == .paper else { throw HostingError.liveNotSupported }
        guard let exchange = services.exchanges[definition.exchange] else {
            throw HostingError.unknownExchange(definition.exchange)
        }
        var run = try await restore(on: exchange)
        var isUp = false
        try await exchange.withMarketEvents(definition.symbol, definition.interval, after: run.cursor) { events in
            for try await event in events {
                // A step that has begun is committed; cancellation is seen between two of them.
                try Task.checkCancellation()
                switch event {
                case .closed(let candle, let time):
                    let decisions = try run.close(candle, exchangeTime: time, isPaused: isPaused)
                    // History without decisions is not worth a commit per candle: after a crash it is read again.
                    let isLive = !run.isCatchUp(candle, exchangeTime: time)
                    if run.isDirty, isLive || !decisions.isEmpty { try await commit(&run, decisions) }
                case .forming(let candle, _):
                    let decisions = try run.begin(candle, isPaused: isPaused)
                    if !decisions.isEmpty { try await commit(&run, decisions) }
                case .joined:
                    if run.isDirty { try await commit(&run, StrategyRun.Decisions()) }
                    if !isUp {
                        isUp = true
                        try await becameUp()
                        report(.isUp)
                    }
                case .interrupted:
                    break
                }
            }
        }
    }

    private var isPaused: Bool { control.withLock { $0.isPaused } }
    private var cursor: Timestamp? { control.withLock { $0.committed?.cursor } }
}

// MARK: - Steps

extension StrategyRunner {
    private var mode: StrategyMode {
        get throws {
            guard let mode = services.registry.mode(definition.mode) else {
                throw HostingError.unknownMode(definition.mode)
            }
            return mode
        }
    }

    /// From the last checkpoint; or, for a strategy that has none, from the exchange's present, which is committed first.
    private func restore(on exchange: any Exchange) async throws -> StrategyRun {
        if let checkpoint = control.withLock({ $0.committed }) { return try restored(from: checkpoint) }
        let now = try await exchange.serverTime()
        let run = StrategyRun(
            strategyID: definition.id,
            symbol: definition.symbol,
            interval: definition.interval,
            strategy: try mode.make(config: definition.config),
            lastClosed: definition.interval.openTime(containing: now) - definition.interval.milliseconds,
            paper: services.paper
        )
        let step = step(try run.checkpoint(), StrategyRun.Decisions())
        let begun = try await services.retrying { try await services.repository.begin(step) }
        guard let begun else { throw HostingError.lost }
        control.withLock { $0.committed = begun }
        logger.info("Saved strategy: \(definition.symbol) (\(definition.mode))")
        return try restored(from: begun)
    }

    private func restored(from checkpoint: Checkpoint) throws -> StrategyRun {
        try StrategyRun(
            strategyID: definition.id,
            symbol: definition.symbol,
            interval: definition.interval,
            mode: mode,
            config: definition.config,
            checkpoint: checkpoint,
            paper: services.paper
        )
    }

    private func commit(_ run: inout StrategyRun, _ decisions: StrategyRun.Decisions) async throws {
        try await commit(try run.checkpoint(), decisions)
        run.markClean()
    }

    private func commit(_ checkpoint: Checkpoint, _ decisions: StrategyRun.Decisions) async throws {
        guard try await services.journal.commit(step(checkpoint, decisions)) else {
            services.metrics.fencedWrites.increment()
            throw HostingError.lost
        }
        control.withLock {
            $0.committed = checkpoint
            $0.positionIsOpen = !checkpoint.position.isFlat
        }
        for order in decisions.orders {
            services.metrics.countOrder(order.status)
            log(order)
        }
        for fill in decisions.fills { log(fill) }
    }

    private func step(_ checkpoint: Checkpoint, _ decisions: StrategyRun.Decisions) -> Step {
        Step(
            strategyID: definition.id,
            shard: token.shard,
            owner: token.owner,
            epoch: token.epoch,
            checkpoint: checkpoint,
            orders: decisions.orders,
            fills: decisions.fills
        )
    }

    private func becameUp() async throws {
        if definition.phase == .starting {
            try await services.retrying {
                try await services.repository.markRunning(
                    definition.id,
                    shard: token.shard,
                    owner: token.owner,
                    epoch: token.epoch
                )
            }
        }
        if isRestore { logger.info("✓ Restored strategy: \(definition.symbol) (\(definition.mode))") }
    }

    private func fail(_ reason: String, _ report: (Report) -> Void) async {
        logger.error("Failed strategy: \(definition.symbol) (\(definition.mode))", metadata: ["error": "\(reason)"])
        do {
            try await services.retrying {
                try await services.repository.fail(
                    definition.id,
                    shard: token.shard,
                    owner: token.owner,
                    epoch: token.epoch,
                    error: reason
                )
            }
        } catch {
            logger.warning("The failure could not be stored", metadata: ["error": "\(error)"])
        }
        // The shard's other strategies do not wait for it.
        report(.isUp)
    }

    private func closePositionIfAsked() async {
        let (stop, checkpoint) = control.withLock { ($0.stop, $0.committed) }
        guard let stop, stop.closesPosition, let checkpoint else { return }
        do {
            let last = try StrategyRun.closingPosition(
                of: definition.id,
                interval: definition.interval,
                checkpoint: checkpoint,
                paper: services.paper
            )
            if let last { try await commit(last.checkpoint, last.decisions) }
        } catch {
            logger.error("The position could not be closed", metadata: ["error": "\(error)"])
        }
    }

    private func log(_ order: JournalledOrder) {
        logger.info(
            "Order \(order.status.rawValue): \(order.intent.side.rawValue) \(order.intent.quantity) \(definition.symbol)",
            metadata: [
                "order.id": "\(order.id)", "order.reason": "\(order.statusReason ?? order.intent.reason)",
            ]
        )
    }

    private func log(_ fill: Fill) {
        logger.info(
            "Filled: \(fill.side.rawValue) \(fill.quantity) \(definition.symbol) at \(fill.price)",
            metadata: ["order.id": "\(fill.orderID)"]
        )
    }
}
