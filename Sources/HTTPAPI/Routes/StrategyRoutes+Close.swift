import HTTPTypes
import Hummingbird
import Postgres
import Store
import Trading

extension StrategyRoutes {
    func addClose(to table: inout RouteTable) {
        table.add(
            .post,
            "/api/live-strategy/close",
            for: .trader,
            "close a strategy's position, and let it run on",
            Operation(
                [.idempotencyKey, .prefer],
                body: .closeRequest,
                .json(.strategy, "Done. What could not be sold is still its `position`."),
                .json(.accepted, .strategy, "It is recorded, and takes longer: `closing` until it is done."),
                problems: [
                    (.notFound, "No strategy is active for this market."),
                    (.conflict, "There is no position, or nobody who could close it, or trading is halted."),
                ]
            ),
            close
        )
    }

    private func close(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let close = try CloseRequest(body, defaultExchange: configuration.defaultExchange)
        let preference = WaitPreference(request)
        return try await repetitions.answer(request, context, asking: body) { key, done in
            if let done { return try await answer(toCloseOf: done, preference) }
            // As at a stop: one that comes before the halt waits until it is lifted; one that comes after it is better refused
            // than forgotten.
            let halt = try await dependencies.halts.current()
            guard !halt.isHalted else { throw Problem.halted(halt) }
            let outcome = try await dependencies.desired.requestClose(
                symbol: close.symbol,
                exchange: close.exchange,
                reason: close.reason,
                pauses: close.pauses,
                by: context.principal?.name,
                key: key
            )
            let market = (symbol: close.symbol.name, exchange: close.exchange)
            switch outcome {
            case .requested(let id): return try await answer(toCloseOf: id, preference)
            case .nothingHeld: throw Problem.nothingHeld(market.symbol, market.exchange)
            case .notRunning: throw Problem.notRunning(market.symbol, market.exchange)
            case .notFound: throw Problem.notActive(symbol: market.symbol, exchange: market.exchange)
            case .repeated: return nil
            }
        }
    }

    private func answer(toCloseOf id: Int64, _ preference: WaitPreference) async throws -> Reply {
        let closed: ActiveStrategy? = try await dependencies.changes.firstAnswer(
            about: id,
            within: preference.wait(usually: configuration.stopWait),
            every: configuration.recheckInterval
        ) {
            // The wish is safe in the database; if that is away now, it may be back before the wait is over.
            try await unlessAway {
                guard let strategy = try await queries.active(id: id) else { throw Problem.noLongerActive(id: id) }
                return strategy.isClosing ? nil : strategy
            }
        }
        if let closed { return Reply.strategy(closed, headers: preference.headers) }
        do {
            guard let strategy = try await queries.active(id: id) else { throw Problem.noLongerActive(id: id) }
            var headers = preference.headers
            headers[.location] = "/api/live-strategy/\(id)"
            return Reply.strategy(strategy, .accepted, headers: headers)
        } catch let error as PostgresError where Problem(error) != nil {
            throw Problem.databaseUnavailable("That strategy \(id) closes its position is recorded, and will be done.")
        }
    }
}
