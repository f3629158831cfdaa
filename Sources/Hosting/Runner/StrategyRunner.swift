import Coordination
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
    let services: HostingServices
    let logger: Logger

    struct Control {
        var isPaused: Bool
        var isStopping = false
        var stop: StoredStrategy.StopRequest?
        /// The run goes on from here after an error.
        var committed: Checkpoint?
        var positionIsOpen = false
        /// It has followed the market at least once.
        var wasUp = false
        /// Orders of which it is shown that they are in doubt.
        var doubts: Set<String> = []
        /// It is shown that one was in doubt with whoever ran it before.
        var hasOldDoubt = false
        /// The exchange has refused its last order.
        var isRefused = false
        /// Until when the journal is known to agree with the exchange's books, and when they are to be compared again; both in
        /// the market's time.
        var audited: Timestamp?
        var auditDue: Timestamp?
        var hasSeenStrangers = false
        /// The account had less than its position when they were compared last.
        var isUncovered = false
        /// A halt of all trading keeps its position from being closed.
        var isHeldUp = false
        /// The mode does not take the new parameters, and people have been told.
        var hasRefusedChange = false
    }

    let control: Mutex<Control>
    private let stopSignal: AsyncStream<Void>
    private let stopper: AsyncStream<Void>.Continuation
    private let up = CompletionSignal()
    private let ended = CompletionSignal()

    init(_ definition: StoredStrategy, token: FencingToken, isRestore: Bool, services: HostingServices) {
        self.definition = definition
        self.token = token
        self.isRestore = isRestore
        self.services = services
        control = Mutex(
            Control(
                isPaused: definition.isPaused,
                committed: definition.checkpoint,
                hasOldDoubt: definition.trouble == .doubt,
                isRefused: definition.trouble == .refusal
            )
        )
        (stopSignal, stopper) = AsyncStream.makeStream()
        var logger = services.logger
        logger[metadataKey: "strategy.id"] = "\(definition.id)"
        logger[metadataKey: "strategy.symbol"] = "\(definition.symbol)"
        logger[metadataKey: "shard.epoch"] = "\(token.epoch)"
        self.logger = logger
    }

    var hasOpenPosition: Bool { control.withLock { $0.positionIsOpen } }

    /// Whether it has ended without having closed its position, because trading is halted.
    var isHeldUp: Bool { control.withLock { $0.isHeldUp } }

    /// Whether something else is wanted of it than it knows, which it learns by beginning again.
    func isOutdated(by strategy: StoredStrategy) -> Bool {
        definition.version < strategy.version || (definition.closing?.number ?? 0) < (strategy.closing?.number ?? 0)
    }

    /// Whether it has been told to end.
    var isStopping: Bool { control.withLock { $0.isStopping } }

    func setPaused(_ isPaused: Bool) { control.withLock { $0.isPaused = isPaused } }

    /// Ends the run at the next settled point: a step that has begun is committed. ``waitUntilEnded()`` says when.
    func stop(for request: StoredStrategy.StopRequest? = nil) {
        control.withLock {
            $0.isStopping = true
            if let request { $0.stop = request }
        }
        stopper.finish()
    }

    func waitUntilEnded() async { await ended.wait() }

    /// Until it follows the market, or has ended before it came to that.
    func waitUntilUp() async { await up.wait() }

    /// Runs until it is stopped, lost, or has failed for good (then the reason is stored).
    ///
    /// - Parameter becameUp: Called once all that happened meanwhile has been processed and the strategy follows the market.
    func run(_ becameUp: @Sendable @escaping () -> Void) async {
        if !isStopping {
            await withTaskGroup(of: Void.self) { group in
                // At once: of thousands that begin together, each goes as far as it can before the next.
                group.addImmediateTask { await self.live(becameUp) }
                group.addImmediateTask { for await _ in self.stopSignal {} }
                await group.next()
                group.cancelAll()
            }
        }
        await endOrders()
        up.complete()
        ended.complete()
    }

    /// Attempts after errors: of the strategy (counted: it fails for good after five in a row) and of the exchange (for as
    /// long as it takes). Each goes on from the last checkpoint that was committed.
    private func live(_ becameUp: @Sendable () -> Void) async {
        var attempt = 0
        var strategyErrors = 0
        while !Task.isCancelled {
            let before = cursor
            do {
                try await self.attempt(becameUp)
            } catch let error as HostingError where error == .lost {
                logger.info("Another replica owns this strategy now; stopped here")
                return
            } catch  where Task.isCancelled || error is CancellationError {
                // Stopped, or the journal has ended: whatever it was, it is nobody's fault.
                return
            } catch let error as ExchangeError where error.passes {
                logger.warning("The exchange does not answer; trying again", metadata: ["error": "\(error)"])
            } catch let error as ExchangeError {
                return await fail(error.message)
            } catch let error as HostingError {
                return await fail(error.message)
            } catch let error as StoreError {
                return await fail(error.message)
            } catch {
                if cursor != before { strategyErrors = 0 }
                strategyErrors += 1
                if strategyErrors >= Self.mostErrors { return await fail("\(error)") }
                logger.warning("The strategy failed; starting it again", metadata: ["error": "\(error)"])
            }
            attempt = cursor == before ? attempt + 1 : 0
            do { try await Task.sleep(for: Self.backOff.delay(attempt: attempt)) } catch { return }
        }
    }

    private static let mostErrors = 5
    private static let backOff = BackOffPolicy()

    private func attempt(_ becameUp: @Sendable () -> Void) async throws {
        guard let exchange = services.exchanges[definition.exchange], let starts = services.starts[exchange.name] else {
            throw HostingError.unknownExchange(definition.exchange)
        }
        let gateway = try await gateway(on: exchange)
        // This may take a while, and needs nothing that others wait for.
        if let gateway { try await settleLeftovers(gateway) }
        let place = try await starts.enter(isExposed: definition.isExposed || hasOpenPosition)
        defer { place.leave() }
        var run = try await restore(on: exchange)
        try await exchange.withMarketEvents(definition.symbol, definition.interval, after: run.cursor) { events in
            var isJoined = false
            for try await event in events {
                // A step that has begun is committed; cancellation is seen between two of them.
                try Task.checkCancellation()
                switch event {
                case .closed(let candle, let time):
                    try await close(candle, at: time, &run, gateway)
                case .forming(let candle, _):
                    _ = try await commit(&run, isWorthIt: { !$1.isEmpty }) { try $0.begin(candle, barriers: $1) }
                case .joined:
                    isJoined = true
                    if run.isDirty { try await commitPresent(&run) }
                    if let gateway { try await claimUnknown(&run, gateway) }
                    try await joined(becameUp)
                    place.leave()
                case .interrupted:
                    continue
                }
                // At a price of now, so not before it follows the market.
                if isJoined { try await closeIfAsked(&run, gateway) }
            }
        }
    }

    /// - Parameter told: the exchange's clock when it told of the candle.
    private func close(
        _ candle: Candle,
        at told: Timestamp,
        _ run: inout StrategyRun,
        _ gateway: OrderGateway?
    ) async throws {
        let terms = try await gateway?.terms()
        let began = ContinuousClock.now
        // It may have waited since, for the order before it or for the exchange's clock, and what leaves must not be late.
        let time = terms?.signedAt ?? told
        // History without decisions is not worth a commit per candle: after a crash it is read again.
        let isLive = !run.isCatchUp(candle, exchangeTime: time)
        let (decisions, new) = try await commit(&run, isWorthIt: { $0.isDirty && (isLive || !$1.isEmpty) }) {
            run,
            barriers in
            try run.close(candle, exchangeTime: time, barriers: barriers, terms: terms)
        }
        // Also in history, and without decisions: an adopted order that is decided once more is settled before the next candle.
        if let gateway { try await carryOut(decisions, new, &run, gateway) }
        guard isLive else { return }
        let age = max(0, time.since(candle.closeTime(definition.interval)) - 1)
        services.metrics.recordLag(.milliseconds(age) + (.now - began))
        if let gateway { try await audit(&run, at: time, gateway) }
    }

    private func joined(_ becameUp: @Sendable () -> Void) async throws {
        guard !control.withLock({ $0.wasUp }) else { return }
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
        control.withLock { $0.wasUp = true }
        up.complete()
        becameUp()
    }

    private var cursor: Timestamp? { control.withLock { $0.committed?.cursor } }
}

extension ExchangeError {
    /// Whether trying again later may help. That a request was cancelled, or the exchange shut down, although the strategy is
    /// to run on, comes from outside of it, and says nothing against it.
    fileprivate var passes: Bool { isTransient || code == .cancelled || code == .shutDown }
}
