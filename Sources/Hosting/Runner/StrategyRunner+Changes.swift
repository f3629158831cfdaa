import Exchanges
import Logging
import Store
import Strategies
import Synchronization
import Trading

// What changes while it runs. A change reaches a runner as a restore does: the one that runs ends after the step that has begun,
// and one with the new definition goes on from there. So there is one way to take a change over, whoever does it.

extension StrategyRunner {
    /// Takes the new parameters over, and commits that, before the next candle. If the mode does not take them, the old ones stay.
    func change(_ run: inout StrategyRun, on exchange: any Exchange) async throws {
        guard !control.withLock({ $0.hasRefusedChange }) else { return }
        var next = run
        do {
            let strategy = try mode.make(config: definition.config)
            let history = try await history(for: strategy, run, on: exchange)
            try next.change(to: strategy, version: definition.version, history: history)
        } catch let error as ExchangeError {
            throw error
        } catch let error as HostingError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            control.withLock { $0.hasRefusedChange = true }
            logger.warning("The new parameters are not taken over", metadata: ["error": "\(error)"])
            return await note(kind: "change_refused", RefusedChange.beginning + "\(error)", pausesEntries: false)
        }
        try await commitPresent(&next)
        run = next
        logger.info(
            "Changed strategy: \(definition.symbol) (\(definition.mode))",
            metadata: ["strategy.version": "\(definition.version)"]
        )
    }

    /// Closes the position if somebody wants that and it has not been done yet. It is done when nothing more can be sold, and then noted
    /// for good; until then nothing is opened, and whoever restores the strategy goes on with it. While trading is halted it waits.
    func closeIfAsked(_ run: inout StrategyRun, _ gateway: OrderGateway?) async throws {
        guard let request = definition.closing, run.closed < request.number, !services.halt.isHalted else { return }
        if let gateway {
            let cause = ClientOrderID.Cause.close(request.number)
            guard try await sellEverything(cause, reason: request.reason, &run, gateway) else { return }
            _ = try await commit(&run) { run, _ in
                run.noteClosed(request.number)
                return StrategyRun.Decisions()
            }
        } else {
            _ = try await commit(&run, isWorthIt: { run, _ in run.closed == request.number }) {
                try $0.closeOnPaper(request, barriers: $1)
            }
        }
        guard run.closed == request.number else { return }
        logger.info(
            "Closed position: \(definition.symbol) (\(definition.mode))",
            metadata: ["reason": "\(request.reason)", "position": "\(run.position.quantity)"]
        )
    }

    /// Whether the position is still to be closed.
    var isClosing: Bool {
        guard let request = definition.closing else { return false }
        return control.withLock { ($0.committed?.closed ?? 0) < request.number }
    }

    /// The warm-up candles up to the one that was processed last.
    private func history(
        for strategy: AnyStrategy,
        _ run: StrategyRun,
        on exchange: any Exchange
    ) async throws -> [Candle] {
        let count = strategy.warmUpCandles
        guard count > 0 else { return [] }
        let from = run.cursor - Int64(count - 1) * definition.interval.milliseconds
        let candles = try await exchange.candles(definition.symbol, definition.interval, from: from, limit: count)
            .filter { $0.openTime <= run.cursor }
        // It may be told by the stream a moment before it can be asked for.
        guard !run.hasSeenCandles || candles.last?.openTime == run.cursor else {
            throw ExchangeError(.unreachable, "the exchange does not give the last candle of the warm-up yet")
        }
        return candles
    }
}
