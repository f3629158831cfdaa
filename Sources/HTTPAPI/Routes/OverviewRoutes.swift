import Hummingbird
import Store
import Trading

/// Everything at once, for people who look: totals, tables, and what can be started.
struct OverviewRoutes: Sendable {
    let configuration: APIConfiguration
    let dependencies: APIDependencies

    private var queries: StrategyQueries { dependencies.queries }

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/modes",
            for: .viewer,
            "what can be started, with the parameters of each mode",
            Operation(.json(.modes, "All of it.")),
            modes
        )
        table.add(
            .get,
            "/api/overview",
            for: .viewer,
            "the active strategies in a few numbers",
            Operation(.json(.overview, "The numbers.")),
            overview
        )
        table.add(
            .get,
            "/api/strategies",
            for: .viewer,
            "the active strategies, searched and sorted",
            Operation(
                [.search, .status, .mode, .execution, .owner, .sort, .descending, .offset, .limit],
                .json(.strategyTable, "Those that were asked for, and how many there are in all.")
            ),
            strategies
        )
    }

    private func modes(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let choices = dependencies.validator.choices
        return Answer.json { json in
            json.member("modes") { json in
                json.array(choices.modes) { json, mode in
                    json.object { json in
                        json.member("name", mode.name)
                        json.member("summary", mode.summary)
                        json.member("parameters", json: mode.parameters.text)
                    }
                }
            }
            json.member("intervals", texts: Interval.allCases.map(\.rawValue))
            json.member("exchanges", texts: choices.exchanges)
            json.member("default_exchange", configuration.defaultExchange)
            json.member("executions", texts: choices.executions.map(\.rawValue))
            json.member("default_limits") { configuration.defaultLimits.write(to: &$0) }
        }
    }

    private func overview(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let overview = try await queries.overview()
        let halt = try await dependencies.halts.current()
        return Answer.json { json in
            json.member("at", overview.at)
            json.member("halt") { json in json.object { halt.members(of: &$0) } }
            json.member("statuses") { json in
                json.object { json in
                    for status in StrategyStatus.allCases {
                        json.member(status.rawValue, overview.statuses[status] ?? 0)
                    }
                }
            }
            json.member("books") { json in
                json.array(overview.books) { json, book in book.write(to: &json) }
            }
        }
    }

    private func strategies(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var query = QueryParameters(
            request,
            known: ["search", "status", "mode", "execution", "owner", "sort", "descending", "offset", "limit"]
        )
        let selection = StrategySelection(
            text: query.text("search"),
            status: query.choice("status", StrategyStatus.self),
            mode: query.text("mode"),
            execution: query.choice("execution", Execution.self),
            owner: query.id("owner")
        )
        let sorting = query.choice("sort", StrategySorting.self) ?? .symbol
        let descending = query.boolean("descending")
        let offset = query.offset()
        let limit = query.limit()
        try query.finish()
        let (items, total) = try await queries.selected(
            selection,
            sortedBy: sorting,
            descending: descending,
            offset: offset,
            limit: limit
        )
        return Answer.json { json in
            json.member("items") { json in
                json.array(items) { json, strategy in strategy.write(to: &json) }
            }
            json.member("total", total)
        }
    }
}

extension Overview.Book {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("execution", execution)
            json.member("strategies", strategies)
            json.member("holding", holding)
            json.member("exposure", exposure)
            json.member("pnl", pnl)
            json.member("pnl_today", pnlToday)
            json.member("unrealized_pnl", unrealizedPnL)
            json.member("fees", fees)
            json.member("orders_under_way", ordersUnderWay)
            json.member("orders_in_doubt", ordersInDoubt)
        }
    }
}
