import Exchanges
import Logging
import Store
import Trading

/// No candle skipped or repeated, no order or fill too many or too few: the trail against the calendar, and each strategy
/// against an undisturbed run over the same candles.
struct CandleJudge: Sendable {
    let exchange: BinanceExchange
    let log: ActionLog
    /// Markets in which somebody asked for a pause.
    let paused: Set<String>

    func judge(_ runs: [StoredRun]) async throws {
        if runs.isEmpty { log.violation("no strategy has ever made a step: nothing can be judged") }
        var candles = 0
        var orders = 0
        var fills = 0
        for run in runs {
            do {
                if let wrong = try run.contradictionOfCalendar() { log.violation(wrong) }
                try await judgeReplay(run)
            } catch {
                log.violation("strategy \(run.id) cannot be judged: \(error)")
            }
            candles += run.writes.last?.candles ?? 0
            orders += run.orders.count
            fills += run.fills.count
        }
        log.note("candles: \(runs.count) strategies, \(candles) candles, \(orders) orders, \(fills) fills compared")
        if fills == 0 { log.violation("nothing was traded: orders cannot be judged") }
    }

    private func judgeReplay(_ run: StoredRun) async throws {
        guard let cursor = run.writes.last?.cursor else { throw NemesisError("it has no checkpoint") }
        var replay = try Replay(run, market: run.isLive ? try await exchange.market(run.symbol) : nil)
        let from = run.first.cursor + run.interval.milliseconds
        // One more: it may have begun already.
        let count = Int((cursor - run.first.cursor.milliseconds) / run.interval.milliseconds) + 1
        let candles = try await exchange.candles(run.symbol, run.interval, from: from, limit: count)
        try replay.play(candles, to: cursor)
        for difference in try replay.differences().prefix(3) {
            log.violation("strategy \(run.id) (\(run.symbol)) differs from its undisturbed run: \(difference)")
        }
        if !paused.contains(run.symbol.name), run.orders.values.contains(where: \.isRefusedAsPaused) {
            log.violation("strategy \(run.id) (\(run.symbol)) was paused, although nobody asked for it")
        }
    }
}
