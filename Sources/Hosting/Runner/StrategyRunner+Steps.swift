import Coordination
import Exchanges
import Logging
import Store
import Strategies
import Synchronization
import Trading

extension StrategyRunner {
    var mode: StrategyMode {
        get throws {
            guard let mode = services.registry.mode(definition.mode) else {
                throw HostingError.unknownMode(definition.mode)
            }
            return mode
        }
    }

    /// From the last checkpoint; or, for a strategy that has none, from the exchange's present, which is committed first.
    func restore(on exchange: any Exchange) async throws -> StrategyRun {
        var run = try restored(from: try await firstCheckpoint(on: exchange))
        if run.version < definition.version { try await change(&run, on: exchange) }
        control.withLock { $0.positionIsOpen = run.hasOpenPosition }
        return run
    }

    private func firstCheckpoint(on exchange: any Exchange) async throws -> Checkpoint {
        if let checkpoint = control.withLock({ $0.committed }) { return checkpoint }
        let strategy = try mode.make(config: definition.config)
        // One that has missed nothing asks the exchange for nothing more: whether there is such a market shows here.
        _ = try await exchange.market(definition.symbol)
        let now = try await exchange.serverTime()
        let run = StrategyRun(
            strategyID: definition.id,
            symbol: definition.symbol,
            interval: definition.interval,
            strategy: strategy,
            lastClosed: definition.interval.openTime(containing: now) - definition.interval.milliseconds,
            paper: paper,
            limits: definition.limits,
            version: definition.version,
            timeline: definition.execution == .live ? token.timeline : nil
        )
        let first = step(try run.checkpoint(), StrategyRun.Decisions())
        let begun = try await services.retrying { try await services.repository.begin(first) }
        guard let begun else { throw HostingError.lost }
        control.withLock { $0.committed = begun }
        logger.info("Saved strategy: \(definition.symbol) (\(definition.mode))")
        return begun
    }

    func restored(from checkpoint: Checkpoint) throws -> StrategyRun {
        try StrategyRun(
            strategyID: definition.id,
            symbol: definition.symbol,
            interval: definition.interval,
            mode: mode,
            config: definition.config,
            checkpoint: checkpoint,
            paper: paper,
            limits: definition.limits
        )
    }

    /// `nil`: live.
    private var paper: PaperMarket? { definition.execution == .paper ? services.paper : nil }

    /// Lets the strategy decide, and commits what it decides. If the database does not take that, it decides once more, from where
    /// it was before, under the barrier that the database told of.
    ///
    /// - Parameter isWorthIt: whether these decisions are to be committed now; else the next step's commit holds them, too.
    /// - Returns: The decisions of which the commit took effect, and the orders that it has put into the journal.
    func commit(
        _ run: inout StrategyRun,
        isWorthIt: (StrategyRun, StrategyRun.Decisions) -> Bool = { _, _ in true },
        _ decide: (inout StrategyRun, OrderBarriers) throws -> StrategyRun.Decisions
    ) async throws -> (decisions: StrategyRun.Decisions, new: NewOrders) {
        var told: OrderBarriers = []
        while true {
            var next = run
            let decisions = try decide(&next, barriers.union(told))
            guard isWorthIt(next, decisions) else {
                run = next
                return (StrategyRun.Decisions(), .none)
            }
            switch try await commit(try next.checkpoint(), decisions) {
            case .refused(let refusal):
                let barrier = OrderBarriers(refusal)
                precondition(!told.contains(barrier), "a step without orders was refused")
                told.insert(barrier)
            case .committed(let new):
                next.markClean()
                run = next
                return (decisions, new)
            case .lost:
                services.metrics.countFencedWrite()
                throw HostingError.lost
            }
        }
    }

    /// Commits how far it got, and nothing else.
    func commitPresent(_ run: inout StrategyRun) async throws {
        _ = try await commit(&run) { _, _ in StrategyRun.Decisions() }
    }

    /// What keeps orders from leaving, as far as it is known here.
    var barriers: OrderBarriers {
        var barriers: OrderBarriers = []
        if control.withLock({ $0.isPaused }) || isClosing { barriers.insert(.paused) }
        if services.halt.isHalted { barriers.insert(.halted) }
        return barriers
    }

    /// Never ends as lost: that is an error.
    private func commit(_ checkpoint: Checkpoint, _ decisions: StrategyRun.Decisions) async throws -> StepOutcome {
        let outcome = try await services.journal.commit(step(checkpoint, decisions))
        switch outcome {
        case .committed: break
        case .refused: return outcome
        case .lost:
            services.metrics.countFencedWrite()
            throw HostingError.lost
        }
        control.withLock {
            $0.committed = checkpoint
            $0.positionIsOpen = !checkpoint.position.isFlat
        }
        for order in decisions.orders {
            services.metrics.countOrder(order.status)
            // One that leaves is on its way first.
            if paper != nil || order.status != .intended {
                logger.info("\(order.line(of: definition.symbol))", metadata: order.metadata)
            }
        }
        for fill in decisions.fills { log(fill) }
        return outcome
    }

    private func step(_ checkpoint: Checkpoint, _ decisions: StrategyRun.Decisions) -> Step {
        var step = Step(
            strategyID: definition.id,
            shard: token.shard,
            owner: token.owner,
            epoch: token.epoch,
            checkpoint: checkpoint,
            orders: decisions.orders,
            settlements: decisions.settlements,
            fills: decisions.fills
        )
        step.announces = control.withLock {
            $0.committed.map { $0.version != checkpoint.version || $0.closed != checkpoint.closed } ?? false
        }
        return step
    }

    /// Stores that it cannot run, and why.
    func fail(_ reason: String) async {
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
    }

    /// For a strategy that has been stopped for good: nothing of it stays under way.
    func endOrders() async {
        let (stop, checkpoint) = control.withLock { ($0.stop, $0.committed) }
        guard let stop, let checkpoint else { return }
        var isHeldUp = false
        defer { if isHeldUp { control.withLock { $0.isHeldUp = true } } }
        if definition.execution == .live {
            isHeldUp = await windUp(closesPosition: stop.closesPosition) == .heldUp
            return
        }
        guard stop.closesPosition else { return }
        do {
            let last = try StrategyRun.closingPosition(
                of: definition.id,
                interval: definition.interval,
                checkpoint: checkpoint,
                paper: services.paper
            )
            guard let last else { return }
            if case .refused = try await commit(last.checkpoint, last.decisions) { isHeldUp = true }
        } catch let error as HostingError where error == .lost {
            logger.info("Another replica owns this strategy now, and closes its position")
        } catch {
            logger.error("The position could not be closed", metadata: ["error": "\(error)"])
        }
    }

    private func log(_ fill: Fill) {
        logger.info(
            "Filled: \(fill.side.rawValue) \(fill.quantity) \(definition.symbol) at \(fill.price)",
            metadata: ["order.id": "\(fill.orderID)"]
        )
    }
}

extension JournalledOrder {
    /// What the log says of it.
    func line(of symbol: Symbol) -> String {
        "Order \(status.rawValue): \(intent.side.rawValue) \(intent.quantity) \(symbol)"
    }

    var metadata: Logger.Metadata { ["order.id": "\(id)", "order.reason": "\(statusReason ?? intent.reason)"] }
}
