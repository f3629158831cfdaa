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

    func add(to table: inout RouteTable) {
        table.add(.post, "/api/live-strategy/start", for: .trader, "start a strategy", start)
        table.add(.post, "/api/live-strategy/stop", for: .trader, "stop a strategy", stop)
        table.add(.post, "/api/live-strategy/pause", for: .trader, "let a strategy open no more positions") {
            request,
            context in
            try await setPaused(true, request, context)
        }
        table.add(.post, "/api/live-strategy/resume", for: .trader, "let a paused strategy trade again") {
            request,
            context in
            try await setPaused(false, request, context)
        }
        table.add(.get, "/api/live-strategy/status", for: .viewer, "the active strategies", status)
        table.add(.get, "/api/live-strategy/history", for: .viewer, "the stopped strategies", history)
        table.add(.get, "/api/live-strategy/history/totals", for: .viewer, "what they came to", historyTotals)
    }

    private func setPaused(
        _ paused: Bool,
        _ request: Request,
        _ context: APIRequestContext
    ) async throws -> Response {
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let market = try MarketRequest(body, defaultExchange: configuration.defaultExchange)
        let outcome = try await dependencies.desired.setPaused(
            symbol: market.symbol,
            exchange: market.exchange,
            paused,
            by: context.principal?.name
        )
        guard case .done(let id, _, _) = outcome, let strategy = try await queries.active(id: id) else {
            throw Problem.notActive(symbol: market.symbol.name, exchange: market.exchange)
        }
        return Answer.json { strategy.members(of: &$0) }
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
