import HTTPTypes
import Hummingbird
import Store
import Trading

/// Starting, stopping, pausing, and the lists of strategies.
struct StrategyRoutes: Sendable {
    private static let historyParameters = ["symbol", "mode", "since", "until"]

    let configuration: APIConfiguration
    let dependencies: APIDependencies

    var queries: StrategyQueries { dependencies.queries }
    var repetitions: Repetitions { Repetitions(repository: dependencies.repetitions) }

    func add(to table: inout RouteTable) {
        addChanges(to: &table)
        addChange(to: &table)
        addClose(to: &table)
        addReplay(to: &table)
        table.add(
            .get,
            "/api/live-strategy/status",
            for: .viewer,
            "the active strategies",
            Operation(
                [.symbol, .exchange, .status] + Parameter.page(Cursor(.active, id: 42)),
                .list(of: .strategy, "Oldest first.")
            ),
            status
        )
        let selection: [Parameter] = [.symbol, .mode, .since, .until]
        table.add(
            .get,
            "/api/live-strategy/history",
            for: .viewer,
            "the stopped strategies",
            Operation(
                selection + Parameter.page(Cursor(.history, id: 42)),
                .list(of: .stoppedStrategy, "Newest first.")
            ),
            history
        )
        table.add(
            .get,
            "/api/live-strategy/history/totals",
            for: .viewer,
            "what they came to",
            Operation(selection, .json(.historyTotals, "The sums.")),
            historyTotals
        )
    }

    private func addChanges(to table: inout RouteTable) {
        let notActive: [(HTTPResponse.Status, String)] = [(.notFound, "No strategy is active for this market.")]
        table.add(
            .post,
            "/api/live-strategy/start",
            for: .trader,
            "start a strategy",
            Operation(
                [.idempotencyKey, .prefer],
                body: .startRequest,
                .json(.created, .strategy, "It runs."),
                .json(.accepted, .strategy, "It is recorded, and takes longer; or failed, as its status says."),
                problems: [(.conflict, "A strategy is active for this market already: `strategy`.")]
            ),
            start
        )
        table.add(
            .post,
            "/api/live-strategy/stop",
            for: .trader,
            "stop a strategy",
            Operation(
                [.idempotencyKey, .prefer],
                body: .stopRequest,
                .json(.stoppedStrategy, "It has stopped everywhere."),
                .json(.accepted, .strategy, "The stop is recorded, and takes longer."),
                problems: notActive + [(.conflict, "Trading is halted, and its position is to be closed.")]
            ),
            stop
        )
        for (path, summary, paused) in [
            ("/api/live-strategy/pause", "let a strategy open no more positions", true),
            ("/api/live-strategy/resume", "let a paused strategy trade again", false),
        ] {
            let operation = Operation(
                [.idempotencyKey],
                body: .marketRequest,
                .json(.strategy, "As it is now."),
                problems: notActive
            )
            table.add(.post, path, for: .trader, summary, operation) { request, context in
                try await setPaused(paused, request, context)
            }
        }
    }

    private func setPaused(
        _ paused: Bool,
        _ request: Request,
        _ context: APIRequestContext
    ) async throws -> Response {
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let market = try MarketRequest(body, defaultExchange: configuration.defaultExchange)
        return try await repetitions.answer(request, context, asking: body) { key, done in
            var id = done
            if id == nil {
                let outcome = try await dependencies.desired.setPaused(
                    symbol: market.symbol,
                    exchange: market.exchange,
                    paused,
                    by: context.principal?.name,
                    key: key
                )
                switch outcome {
                case .done(let found, _, _): id = found
                case .notFound: break
                case .repeated: return nil
                }
            }
            guard let id, let strategy = try await queries.active(id: id) else {
                throw Problem.notActive(symbol: market.symbol.name, exchange: market.exchange)
            }
            return Reply.json { strategy.members(of: &$0) }
        }
    }

    private func status(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: ["symbol", "exchange", "status", "limit", "cursor"])
        let symbol = query.symbol()
        let exchange = query.exchange()
        let status = query.choice("status", StrategyStatus.self)
        let after = query.cursor(of: .active) { $0.id }
        let limit = query.limit()
        try query.finish()
        let page = try await queries.active(
            symbol: symbol,
            exchange: exchange,
            status: status,
            after: after,
            limit: limit
        )
        return Answer.list(page.items, next: page.next.map { Cursor(.active, id: $0) }) { $0.write(to: &$1) }
    }

    private func history(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: Self.historyParameters + ["limit", "cursor"])
        let selection = query.historySelection()
        let before = query.cursor(of: .history) { $0.id }
        let limit = query.limit()
        try query.finish()
        let page = try await queries.history(selection, before: before, limit: limit)
        return Answer.list(page.items, next: page.next.map { Cursor(.history, id: $0) }) { $0.write(to: &$1) }
    }

    private func historyTotals(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(request, known: Self.historyParameters)
        let selection = query.historySelection()
        try query.finish()
        let totals = try await queries.historyTotals(selection)
        return Answer.json { json in
            json.member("strategies", totals.strategies)
            json.member("trades_count", totals.trades)
            json.member("fees", totals.fees)
            json.member("pnl", totals.pnl)
        }
    }
}

extension QueryParameters {
    fileprivate mutating func historySelection() -> HistorySelection {
        HistorySelection(symbol: symbol(), mode: text("mode"), since: moment("since"), until: moment("until"))
    }
}
