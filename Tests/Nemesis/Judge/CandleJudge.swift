import Exchanges
import Logging
import Postgres
import Store
import Trading

/// No candle skipped or repeated, no order or fill too many or too few: the trail against the calendar, and each strategy
/// against an undisturbed run over the same candles.
struct CandleJudge: Sendable {
    let database: PostgresConnection
    let exchange: BinanceExchange
    let log: ActionLog
    /// Markets in which somebody asked for a pause.
    let paused: Set<String>

    func judge() async throws {
        let runs = try await StoredRun.all(database)
        if runs.isEmpty { log.violation("no strategy has ever made a step: nothing can be judged") }
        var candles = 0
        var orders = 0
        var fills = 0
        for run in runs {
            do {
                try judgeCalendar(run)
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

    /// At every commit, as many candles had been processed as had closed since the start.
    private func judgeCalendar(_ run: StoredRun) throws {
        guard let warmUpEnd = try warmUpEnd(run) else { throw NemesisError("its first state has no warmUpEnd") }
        var last = run.first.cursor.milliseconds
        for write in run.writes {
            let due = max(0, Int((write.cursor - warmUpEnd) / run.interval.milliseconds))
            if write.candles != due {
                return log.violation(
                    "strategy \(run.id) (\(run.symbol)): \(write.candles) candles processed at \(time(write.cursor)), "
                        + "where \(due) had closed since its start: one was \(write.candles < due ? "skipped" : "repeated")"
                )
            }
            if write.cursor < last {
                return log.violation("strategy \(run.id) went back from \(time(last)) to \(time(write.cursor))")
            }
            last = write.cursor
        }
    }

    private func judgeReplay(_ run: StoredRun) async throws {
        guard let cursor = run.writes.last?.cursor else { throw NemesisError("it has no checkpoint") }
        var replay = try Replay(run)
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

    /// The last candle that was history when it started.
    private func warmUpEnd(_ run: StoredRun) throws -> Int64? {
        guard case .object(let members) = try JSONValue(text: run.first.state),
            case .number(let number)? = members["warmUpEnd"]
        else { return nil }
        return Int64("\(number)")
    }

    private func time(_ milliseconds: Int64) -> String { Timestamp(milliseconds: milliseconds).description }
}
