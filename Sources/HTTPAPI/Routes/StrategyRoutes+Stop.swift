import HTTPTypes
import Hummingbird
import Postgres
import Store
import Trading

extension StrategyRoutes {
    /// 200 with the history record once it has stopped everywhere; 202 with the strategy if that takes longer.
    func stop(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        let stop = try StopRequest(body, defaultExchange: configuration.defaultExchange)
        let preference = WaitPreference(request)
        return try await repetitions.answer(request, context, asking: body) { key, done in
            if let done { return try await answer(toStopOf: done, preference) }
            if stop.positions == .close {
                // One that comes before the halt waits until it is lifted; one that comes after it is better refused than
                // forgotten.
                let halt = try await dependencies.halts.current()
                guard !halt.isHalted else { throw Problem.halted(halt) }
            }
            let outcome = try await dependencies.desired.requestStop(
                symbol: stop.symbol,
                exchange: stop.exchange,
                reason: stop.reason,
                positions: stop.positions,
                by: context.principal?.name,
                key: key
            )
            switch outcome {
            case .requested(let id, _): return try await answer(toStopOf: id, preference)
            case .notFound: throw Problem.notActive(symbol: stop.symbol.name, exchange: stop.exchange)
            case .repeated: return nil
            }
        }
    }

    private func answer(toStopOf id: Int64, _ preference: WaitPreference) async throws -> Reply {
        let stopped = try await dependencies.changes.firstAnswer(
            about: id,
            within: preference.wait(usually: configuration.stopWait),
            every: configuration.recheckInterval
        ) {
            // The request is safe in the database; if that is away now, it may be back before the wait is over.
            try await unlessAway { try await queries.stopped(id: id) }
        }
        if let stopped { return Reply.json(headers: preference.headers) { stopped.members(of: &$0) } }
        do {
            return try await pending(id: id, preference)
        } catch let error as PostgresError where Problem(error) != nil {
            throw Problem.databaseUnavailable("The stop of strategy \(id) is recorded and will be done.")
        }
    }

    private func pending(id: Int64, _ preference: WaitPreference) async throws -> Reply {
        if let strategy = try await queries.active(id: id) {
            var headers = preference.headers
            headers[.location] = "/api/live-strategy/\(id)"
            return Reply.json(.accepted, headers: headers) { strategy.members(of: &$0) }
        }
        // It finished between the last two questions.
        guard let stopped = try await queries.stopped(id: id) else { throw Problem.noStrategy(id: String(id)) }
        return Reply.json(headers: preference.headers) { stopped.members(of: &$0) }
    }
}
