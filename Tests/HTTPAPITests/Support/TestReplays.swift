import HTTPAPI
import Store
import Trading

/// Says what it was asked for; on ETHUSDT it has no time.
struct TestReplays: ReplaySource {
    func replay(_ order: StartOrder, candles: Int) async throws -> ReplayReport {
        if order.symbol.name == "ETHUSDT" {
            throw APIUnavailable(detail: "This replica replays as much as it can.", retryAfter: .seconds(7))
        }
        var report = ReplayReport()
        report.from = Timestamp(milliseconds: 0)
        report.to = Timestamp(milliseconds: 60_000)
        report.candles = candles
        report.pnl = "-1.5"
        report.trades = [
            ReplayReport.Trade(
                entryTime: Timestamp(milliseconds: 0),
                entryPrice: "10",
                exitTime: Timestamp(milliseconds: 60_000),
                exitPrice: "9",
                quantity: "1",
                pnl: "-1.5",
                fees: "0.5",
                reason: "stop-loss"
            )
        ]
        report.equity = [ReplayReport.Equity(time: Timestamp(milliseconds: 60_000), value: "-1.5")]
        return report
    }
}
