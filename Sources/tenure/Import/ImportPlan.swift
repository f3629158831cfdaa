import HTTPAPI
import Store
import Trading

/// What of an earlier database can be taken over, and what is wrong with the rest.
struct ImportPlan {
    struct Row<Content> {
        let row: Int64
        /// As it stands there, for people.
        let symbol: String
        let verdict: Verdict<Content>
    }

    enum Verdict<Content> {
        case good(Content)
        /// Nobody wants it to run.
        case inactive(status: String)
        case wrong([String])
    }

    let active: [Row<EarlierStart>]
    let history: [Row<EarlierStop>]
    private let exchange: String
    private let execution: Execution

    /// - Parameters:
    ///   - exchange: Of what does not say.
    ///   - interval: Of what does not say.
    ///   - limits: What each strategy may risk.
    /// - Throws: `APIUnavailable` if the exchange cannot be asked for its markets.
    init(
        _ earlier: EarlierDatabase,
        validator: any StartValidator,
        exchange: String,
        interval: Interval?,
        execution: Execution,
        limits: RiskLimits
    ) async throws {
        self.exchange = exchange
        self.execution = execution
        history = earlier.history.map(Self.read)
        var active: [Row<EarlierStart>] = []
        var taken: Set<String> = []
        for row in earlier.active {
            var verdict = try await Self.read(row, validator, exchange, interval, execution, limits)
            // The earlier version had one for each symbol, in one spelling; here is one for each market.
            if case .good(let start) = verdict, !taken.insert("\(start.order.exchange) \(start.order.symbol)").inserted
            {
                verdict = .wrong(["symbol: \(start.order.symbol) stands there twice"])
            }
            active.append(Row(row: row.row, symbol: row.symbol.plain, verdict: verdict))
        }
        self.active = active
    }

    // MARK: Reading

    private static func read(
        _ row: EarlierDatabase.ActiveRow,
        _ validator: any StartValidator,
        _ defaultExchange: String,
        _ defaultInterval: Interval?,
        _ execution: Execution,
        _ limits: RiskLimits
    ) async throws -> Verdict<EarlierStart> {
        var values = EarlierValues()
        let status = row.status.plain.lowercased()
        guard ["active", "running", "starting", "paused"].contains(status) else {
            return .inactive(status: row.status.plain)
        }
        let symbol = values.symbol(row.symbol)
        let mode = values.text(row.strategyType, "strategy_type")
        let startedAt = values.moment(row.startedAt, "started_at")
        let exchange =
            row.exchange == .null || row.exchange == .text("")
            ? defaultExchange : values.text(row.exchange, "exchange")?.lowercased()
        var config = values.members(row.config)
        let interval = values.interval(&config) ?? defaultInterval
        if interval == nil, config != nil { values.problem("config", "says no interval: give one with --interval") }
        let verdict = try await validator.validate(
            StartRequest(
                symbol: symbol,
                mode: mode,
                interval: interval,
                exchange: exchange,
                execution: execution,
                config: config
            )
        )
        switch verdict {
        case .invalid(let problems):
            for problem in problems {
                values.problem(problem.field == "mode" ? "strategy_type" : problem.field, problem.message)
            }
        case .valid(let config):
            if values.problems.isEmpty, let symbol, let exchange, let mode, let interval, let startedAt {
                let order = StartOrder(
                    symbol: symbol,
                    exchange: exchange,
                    strategyType: mode,
                    interval: interval,
                    execution: execution,
                    config: config,
                    limits: limits,
                    by: "import"
                )
                return .good(EarlierStart(order: order, startedAt: startedAt, isPaused: status == "paused"))
            }
        }
        return .wrong(values.problems)
    }

    private static func read(_ row: EarlierDatabase.HistoryRow) -> Row<EarlierStop> {
        var values = EarlierValues()
        let symbol = values.symbol(row.symbol)
        let mode = values.text(row.strategyType, "strategy_type")
        let startedAt = values.moment(row.startedAt, "started_at")
        let stoppedAt = values.moment(row.stoppedAt, "stopped_at")
        let pnl = values.amount(row.pnl, "pnl")
        let trades = values.count(row.tradesCount, "trades_count")
        let reason = row.reason == .null ? "unknown" : values.text(row.reason, "reason")
        if let startedAt, let stoppedAt, stoppedAt < startedAt {
            values.problem("stopped_at", "is before started_at")
        }
        guard values.problems.isEmpty, let symbol, let mode, let startedAt, let stoppedAt, let pnl, let trades,
            let reason
        else { return Row(row: row.row, symbol: row.symbol.plain, verdict: .wrong(values.problems)) }
        let stop = EarlierStop(
            symbol: symbol,
            strategyType: mode,
            startedAt: startedAt,
            stoppedAt: stoppedAt,
            reason: reason,
            pnl: pnl,
            tradesCount: trades
        )
        return Row(row: row.row, symbol: symbol.name, verdict: .good(stop))
    }

    // MARK: Doing

    /// - Parameter applying: Otherwise nothing is changed, and the report says what would be.
    func carryOut(_ repository: ImportRepository, applying: Bool) async throws -> ImportReport {
        // The history first: it is one statement, and a strategy that starts trades.
        let stops = history.compactMap { row in if case .good(let stop) = row.verdict { stop } else { nil } }
        var seen: Set<EarlierStop> = []
        let unique = stops.filter { seen.insert($0).inserted }
        let added =
            applying
            ? try await repository.add(unique, exchange: exchange, execution: execution)
            : try await repository.missing(unique, exchange: exchange)
        var items: [ImportReport.Item] = []
        for row in active {
            switch row.verdict {
            case .inactive(let status):
                items.append(.init(row, .leftOut, ["its status is \"\(status)\""]))
            case .wrong(let problems):
                items.append(.init(row, .wrong, problems))
            case .good(let start):
                switch try await repository.presence(of: start) {
                case .active: items.append(.init(row, .present, ["its market has an active strategy already"]))
                case .stopped: items.append(.init(row, .present, ["it was taken over before, and stopped since"]))
                case .none:
                    let isStarted = applying ? try await repository.start(start) : true
                    items.append(.init(row, isStarted ? .started : .present, [start.summary]))
                }
            }
        }
        return ImportReport(
            isApplied: applying,
            active: items,
            historyAdded: added.count,
            historyPresent: stops.count - added.count,
            historyWrong: history.compactMap { row in
                if case .wrong(let problems) = row.verdict { .init(row, .wrong, problems) } else { nil }
            }
        )
    }
}

extension EarlierStart {
    fileprivate var summary: String {
        "\(order.strategyType), \(order.interval.rawValue), \(order.execution.rawValue), since \(startedAt)"
            + (isPaused ? ", paused" : "")
    }
}

extension EarlierValues {
    /// What a config says of the interval, which is a setting of its own here.
    fileprivate mutating func interval(_ config: inout [String: JSONValue]?) -> Interval? {
        for name in ["interval", "timeframe"] {
            guard case .string(let text)? = config?.removeValue(forKey: name) else { continue }
            if let interval = Interval(rawValue: text) { return interval }
            problem(
                "config.\(name)",
                "\"\(text)\" is not one of \(Interval.allCases.map(\.rawValue).joined(separator: ", "))"
            )
            config = nil
        }
        return nil
    }

    /// The members of a config; nil if it is none. No config is an empty one.
    fileprivate mutating func members(_ value: SQLiteFile.Value) -> [String: JSONValue]? {
        switch value {
        case .null, .text(""): return [:]
        case .text(let text):
            if case .object(let members)? = try? JSONValue(text: text) { return members }
        default: break
        }
        problem("config", "\(value.shown) is no JSON object")
        return nil
    }
}

extension SQLiteFile.Value {
    /// As it stands there.
    fileprivate var plain: String { if case .text(let text) = self { text } else { shown } }
}
