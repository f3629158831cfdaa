import HTTPTypes
import Hummingbird
import Postgres
import Store
import Trading

extension StrategyRoutes {
    /// After which it makes sense to ask an exchange again that was silent.
    private static let retry = Duration.seconds(5)

    private enum Progress: Sendable {
        case runs(ActiveStrategy)
        /// It will not run by itself any more.
        case givenUp(ActiveStrategy)
        case stopped
    }

    /// 201 once it runs; 202 if that takes longer than the wait, or if it failed on the way (its status and last error say so).
    func start(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let body = try await request.jsonBody(limit: configuration.bodyLimit)
        var order = try await order(from: body)
        order.by = context.principal?.name
        let complete = order
        let preference = WaitPreference(request)
        return try await repetitions.answer(request, context, asking: body) { key, done in
            if let done { return try await answer(toStartOf: done, preference) }
            switch try await dependencies.desired.start(complete, key: key) {
            case .taken(let running): throw Problem.taken(by: running)
            case .started(let strategy) where preference.wait(usually: configuration.startWait) == .zero:
                return Reply.strategy(strategy, .accepted, headers: headers(for: strategy.id, preference))
            case .started(let strategy): return try await answer(toStartOf: strategy.id, preference)
            case .repeated: return nil
            }
        }
    }

    /// - Parameter found: What is wrong with the request otherwise.
    /// - Throws: ``Problem`` with everything that is wrong with it, by syntax or by what there is.
    func order(from body: JSONValue, besides found: [FieldProblem] = []) async throws -> StartOrder {
        let (request, syntax) = try StartRequest.parse(
            body,
            defaultExchange: configuration.defaultExchange,
            defaultLimits: configuration.defaultLimits
        )
        var problems = syntax + found
        var complete: JSONValue?
        // What it asks the exchange for may have to wait; whoever asks does not, for ever.
        let late = APIUnavailable(
            detail: "The exchange did not say in time whether it has this market. Nothing was done: try again later.",
            retryAfter: Self.retry
        )
        let verdict = try await withTimeLimit(configuration.exchangeWait, otherwise: late) { [dependencies] in
            try await dependencies.validator.validate(request)
        }
        switch verdict {
        case .valid(let config): complete = config
        case .invalid(let found): problems += found
        }
        guard problems.isEmpty, let symbol = request.symbol, let mode = request.mode,
            let interval = request.interval, let exchange = request.exchange, let execution = request.execution,
            let complete, let limits = request.limits
        else { throw Problem.invalidFields(problems) }
        return StartOrder(
            symbol: symbol,
            exchange: exchange,
            strategyType: mode,
            interval: interval,
            execution: execution,
            config: complete,
            limits: limits
        )
    }

    private func answer(toStartOf id: Int64, _ preference: WaitPreference) async throws -> Reply {
        let headers = headers(for: id, preference)
        let recorded = "The strategy is recorded as \(id) and will run: see /api/live-strategy/\(id)."
        let reached: Progress? = try await dependencies.changes.firstAnswer(
            about: id,
            within: preference.wait(usually: configuration.startWait),
            every: configuration.recheckInterval
        ) {
            // The start itself is safe in the database; if that is away now, it may be back before the wait is over.
            try await unlessAway { try await progress(of: id) }
        }
        switch reached {
        case .runs(let strategy): return Reply.strategy(strategy, .created, headers: headers)
        case .givenUp(let strategy): return Reply.strategy(strategy, .accepted, headers: headers)
        case .stopped: throw Problem.stoppedMeanwhile(id: id)
        case nil: break
        }
        do {
            guard let strategy = try await queries.active(id: id) else { throw Problem.stoppedMeanwhile(id: id) }
            return Reply.strategy(strategy, .accepted, headers: headers)
        } catch let error as PostgresError where Problem(error) != nil {
            throw Problem.databaseUnavailable(recorded)
        }
    }

    private func headers(for id: Int64, _ preference: WaitPreference) -> HTTPFields {
        var headers = preference.headers
        headers[.location] = "/api/live-strategy/\(id)"
        return headers
    }

    private func progress(of id: Int64) async throws -> Progress? {
        guard let strategy = try await queries.active(id: id) else { return .stopped }
        return switch strategy.status {
        case .running, .paused: .runs(strategy)
        case .failed, .quarantined: .givenUp(strategy)
        case .starting, .suspended, .stopping, .orphaned: nil
        }
    }

    /// No answer, instead of an error, if the database cannot be asked at this moment.
    func unlessAway<Value>(_ ask: () async throws -> Value?) async throws -> Value? {
        do {
            return try await ask()
        } catch let error as PostgresError where Problem(error) != nil {
            return nil
        }
    }
}
