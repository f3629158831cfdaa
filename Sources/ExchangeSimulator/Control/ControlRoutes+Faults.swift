import NIOCore
import Trading

extension ControlRoutes {
    private static let knownFaults = [
        "rest_status", "retry_after_s", "rest_delay_ms", "for_requests", "drop_stream_events", "refuse_connections_ms",
        "order_before", "order_before_ms", "order_after", "order_after_ms", "order_after_status", "order_after_code",
        "for_orders", "stale_reads_ms", "clock_offset_ms", "drop_reports", "duplicate_reports", "reverse_reports",
        "delay_reports", "report_delay_ms", "server_shutdown",
    ]

    /// Faults on request. What is not named stays as it is.
    ///
    /// - `rest_status` (400…599, with `retry_after_s`), `rest_delay_ms`: the next `for_requests` (1) requests are refused before
    ///   anything is done, or answered late.
    /// - `order_before`: the next `for_orders` (1) order requests are lost (`drop`) or held (`hold`, until `POST /sim/release`) between
    ///   arrival and matching; `order_before_ms`: they wait so long there.
    /// - `order_after`: they are matched, but the answer is lost (`drop`), held (`hold`) or cut in half (`garble`);
    ///   `order_after_ms`: it comes late; `order_after_status` and `order_after_code`: it is this error instead.
    /// - `stale_reads_ms`: from now on, an accepted order and its trades are missing from queries for so long.
    /// - `clock_offset_ms`: from now on, the exchange's clock is so far ahead of market time (or behind).
    /// - `drop_reports`, `duplicate_reports`: so many reports on user data streams are lost, or come twice; `reverse_reports`: so many
    ///   groups of reports come in reverse; `delay_reports`: so many groups come `report_delay_ms` late.
    /// - `drop_stream_events`, `refuse_connections_ms`: market events are lost; new connections are closed at once for a while.
    /// - `server_shutdown`: says `serverShutdown` to every stream connection.
    func injectFaults(_ body: ByteBuffer) throws(APIError) -> JSONValue {
        let fields = try ControlFields(body, known: Self.knownFaults)
        // Everything is read before anything is done: half of a request is worse than none of it.
        let requests = try fields.integer("for_requests", 0...1_000_000) ?? 1
        let status = try fields.integer("rest_status", 400...599)
        let retryAfter = try fields.integer("retry_after_s", 0...3_600)
        let delay = try fields.milliseconds("rest_delay_ms")
        let events = try fields.integer("drop_stream_events", 0...1_000_000)
        let refusal = try fields.milliseconds("refuse_connections_ms")
        let (order, orders) = try orderFault(fields)
        let stale = try fields.milliseconds("stale_reads_ms")
        let offset = try fields.integer("clock_offset_ms", -86_400_000...86_400_000)
        let dropped = try fields.integer("drop_reports", 0...1_000_000)
        let duplicated = try fields.integer("duplicate_reports", 0...1_000_000)
        let reversed = try fields.integer("reverse_reports", 0...1_000_000)
        let delayed = try fields.integer("delay_reports", 0...1_000_000)
        let reportDelay = try fields.milliseconds("report_delay_ms")
        let isShuttingDown = try fields.flag("server_shutdown")
        let faults = exchange.faults
        if let status { faults.failRequests(status: status, retryAfter: retryAfter, count: requests) }
        if let delay { faults.delayRequests(delay, count: requests) }
        if let events { faults.dropEvents(events) }
        if let refusal { faults.refuseConnections(for: refusal) }
        if let order { faults.spoilOrders(order, count: orders) }
        if let stale { faults.staleReads = stale }
        if let offset { faults.clockOffset = Int64(offset) }
        faults.spoilReports { reports in
            reports.dropped = dropped ?? reports.dropped
            reports.duplicated = duplicated ?? reports.duplicated
            reports.reversed = reversed ?? reports.reversed
            reports.delayed = delayed ?? reports.delayed
            reports.delay = reportDelay ?? reports.delay
        }
        if isShuttingDown {
            let event = "{\"e\":\"serverShutdown\",\"E\":\(exchange.time.now.milliseconds)}"
            exchange.streams.announceShutdown(event)
            exchange.desk.streams.announceShutdown(event)
        }
        return .object([:])
    }

    private func orderFault(_ fields: ControlFields) throws(APIError) -> (OrderFault?, count: Int) {
        var fault = OrderFault()
        fault.before = try fields.choice("order_before", ["drop", "hold"])
        fault.beforeDelay = try fields.milliseconds("order_before_ms")
        fault.after = try fields.choice("order_after", ["drop", "hold", "garble"])
        fault.afterDelay = try fields.milliseconds("order_after_ms")
        let status = try fields.integer("order_after_status", 400...599)
        let code = try fields.integer("order_after_code", -9_999 ... -1_000)
        let count = try fields.integer("for_orders", 0...1_000_000)
        if status != nil || code != nil {
            fault.afterError = (status ?? 503, code ?? (status == 504 ? -1_007 : -1_000))
        }
        let isNamed =
            fault.before != nil || fault.beforeDelay != nil || fault.after != nil || fault.afterDelay != nil
            || fault.afterError != nil
        guard isNamed || count == 0 else {
            guard count == nil else {
                throw APIError(
                    code: -1000,
                    "for_orders says for how many; say what, too: order_before, order_after, …."
                )
            }
            return (nil, 0)
        }
        return (fault, count ?? 1)
    }
}
