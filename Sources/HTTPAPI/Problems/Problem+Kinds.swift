import HTTPTypes
import Store
import Trading

extension Problem {
    // MARK: The request itself

    static func malformedJSON(_ error: JSONSyntaxError) -> Problem {
        Problem(.badRequest, "malformed-json", "Malformed JSON", "The body is not JSON at \(error).")
    }

    static let unreadable = Problem(
        .badRequest,
        "unreadable",
        "Not a request",
        "What was sent cannot be read as HTTP/1.1. The connection is closed."
    )

    static let headersTooLarge = Problem(
        .requestHeaderFieldsTooLarge,
        "headers-too-large",
        "Headers too large",
        "The headers of a request may have 32 kB, and be 100, at most; send fewer. The connection is closed."
    )

    static let tooSlow = Problem(
        .requestTimeout,
        "too-slow",
        "Body too slow",
        "Nothing was done: the body did not arrive in time. Send the request again, at once. The connection is closed."
    ).with { $0.headers[.connection] = "close" }

    static func tooMany(wait: Duration) -> Problem {
        Problem(
            .tooManyRequests,
            "too-many-requests",
            "Too many requests",
            "This sender asks more often than is allowed here (TENURE_RATE_LIMIT). Wait as long as Retry-After says."
        ).with { $0.headers[.retryAfter] = "\(wait.components.seconds + 1)" }
    }

    static let invalidKey = Problem(
        .badRequest,
        "invalid-idempotency-key",
        "Invalid Idempotency-Key",
        "An Idempotency-Key has one to 255 visible ASCII characters, without quotes and backslashes: a UUID, for example."
    )

    static let keyOfAnother = Problem(
        .unprocessableContent,
        "key-of-another",
        "Idempotency-Key of another request",
        "Nothing was done. This Idempotency-Key was sent with another request before: take a new one for each, and the same "
            + "only to send the same again."
    )

    static let missingBody = Problem(
        .badRequest,
        "missing-body",
        "Missing body",
        "Send a JSON object as the body of this request."
    )

    static func tooLarge(limit: Int) -> Problem {
        Problem(
            .contentTooLarge,
            "too-large",
            "Body too large",
            "The body may have at most \(limit) bytes; send less."
        )
    }

    static func unsupportedMediaType(_ detail: String) -> Problem {
        Problem(.unsupportedMediaType, "unsupported-media-type", "Unsupported media type", detail).with {
            $0.headers[.accept] = "application/json"
        }
    }

    static func invalidFields(_ errors: [FieldProblem]) -> Problem {
        let fields = errors.map(\.field).joined(separator: ", ")
        return Problem(
            .unprocessableContent,
            "invalid-fields",
            "Invalid fields",
            "Nothing was done. Correct what `errors` says and send the request again: \(fields)."
        ).with { $0.errors = errors }
    }

    static func invalidQuery(_ errors: [FieldProblem]) -> Problem {
        Problem(
            .badRequest,
            "invalid-query",
            "Invalid query",
            errors.map { "`\($0.field)`: \($0.message)" }.joined(separator: " ")
        ).with { $0.errors = errors }
    }

    static func noRoute(_ path: String) -> Problem {
        Problem(
            .notFound,
            "not-found",
            "Not found",
            "There is nothing at \(path). GET /api lists what there is."
        )
    }

    static func methodNotAllowed(_ method: String, _ path: String, allowed: [String]) -> Problem {
        let allow = allowed.joined(separator: ", ")
        return Problem(
            .methodNotAllowed,
            "method-not-allowed",
            "Method not allowed",
            "\(path) does not take \(method); it takes \(allow)."
        ).with { $0.headers[.allow] = allow }
    }

    // MARK: Strategies

    static func noStrategy(id: String) -> Problem {
        Problem(
            .notFound,
            "no-such-strategy",
            "No such strategy",
            "There is and was no strategy \(id). GET /api/live-strategy/status lists the active ones, "
                + "/api/live-strategy/history the stopped ones."
        )
    }

    static func notActive(symbol: String, exchange: String) -> Problem {
        Problem(
            .notFound,
            "not-active",
            "Not active",
            "No strategy is active for \(symbol) on \(exchange). GET /api/live-strategy/status lists the active ones."
        )
    }

    static func taken(by strategy: ActiveStrategy) -> Problem {
        Problem(
            .conflict,
            "taken",
            "Already active",
            "Strategy \(strategy.id) (\(strategy.strategyType)) is active for \(strategy.symbol) on "
                + "\(strategy.exchange), and there can be only one. Stop it first, or let it run."
        ).with { $0.strategy = strategy }
    }

    static func stoppedMeanwhile(id: Int64) -> Problem {
        Problem(
            .conflict,
            "stopped-meanwhile",
            "Stopped meanwhile",
            "Strategy \(id) was started, and stopped by somebody else before it ran: "
                + "see /api/live-strategy/\(id)."
        )
    }

    static func noLongerActive(id: Int64) -> Problem {
        Problem(
            .notFound,
            "not-active",
            "Not active",
            "Strategy \(id) has been stopped: see /api/live-strategy/\(id). Start it anew, with the parameters that it is to have."
        )
    }

    static func stopping(_ strategy: ActiveStrategy) -> Problem {
        Problem(
            .conflict,
            "stopping",
            "Being stopped",
            "Nothing was done: strategy \(strategy.id) is being stopped. Start it anew once it is."
        ).with { $0.strategy = strategy }
    }

    static func otherVersion(_ strategy: ActiveStrategy) -> Problem {
        Problem(
            .preconditionFailed,
            "other-version",
            "Another version",
            "Nothing was done: the strategy has been changed meanwhile, its version is \(strategy.version) now. Look at it, and "
                + "send the change with If-Match: \(strategy.entityTag), or without, if it is still what you want."
        ).with {
            $0.strategy = strategy
            $0.headers[.eTag] = strategy.entityTag
        }
    }

    static let invalidCondition = Problem(
        .badRequest,
        "invalid-condition",
        "Invalid If-Match",
        "If-Match takes the entity tag of a strategy as it was answered, its version in double quotes: \"3\"; or *."
    )

    static func nothingHeld(_ symbol: String, _ exchange: String) -> Problem {
        Problem(
            .conflict,
            "nothing-held",
            "Nothing to close",
            "Nothing was done: the strategy for \(symbol) on \(exchange) has no position. To keep it from opening one, pause it."
        )
    }

    static func notRunning(_ symbol: String, _ exchange: String) -> Problem {
        Problem(
            .conflict,
            "not-running",
            "Not running",
            "Nothing was done: the strategy for \(symbol) on \(exchange) has failed, is quarantined, or is being stopped. Resume "
                + "it first, or stop it and close its position with that."
        )
    }

    static func halted(_ halt: TradingHalt) -> Problem {
        Problem(
            .conflict,
            "halted",
            "Trading is halted",
            "Nothing was done: no order leaves while trading is halted (\(halt.reason ?? "no reason is given")), so no position "
                + "can be closed. Lift the halt first (DELETE /api/halt, `tenure unhalt`), or stop it and keep the position."
        )
    }

    // MARK: Replicas

    static func noReplica(id: String) -> Problem {
        Problem(
            .notFound,
            "no-such-replica",
            "No such replica",
            "There is no replica \(id), or it is gone. GET /api/replicas lists those that there are."
        )
    }

    // MARK: Access

    static func unauthorized(_ detail: String) -> Problem {
        Problem(
            .unauthorized,
            "unauthorized",
            "A token is needed",
            "\(detail) Send the header: Authorization: Bearer TOKEN. `tenure token create` makes tokens."
        ).with { $0.headers[.wwwAuthenticate] = "Bearer" }
    }

    static func forbidden(_ principal: Principal, needed: AccessRole) -> Problem {
        Problem(
            .forbidden,
            "forbidden",
            "Not allowed",
            "This needs the role \(needed.rawValue); the token of \(principal.name ?? "nobody") has the role "
                + "\(principal.role.rawValue)."
        )
    }

    static let crossSite = Problem(
        .forbidden,
        "cross-site",
        "From another site",
        "A page of another site may not change anything here."
    )

    // MARK: This service

    static func unready(_ reason: UnreadyReason, _ detail: String) -> Problem {
        Problem(.serviceUnavailable, "not-ready", "Not ready", detail).with {
            $0.reason = reason.rawValue
            $0.headers[.retryAfter] = "1"
        }
    }

    /// - Parameter recorded: What is known of the request's effect.
    static func databaseUnavailable(_ recorded: String = "Nothing was done.") -> Problem {
        Problem(
            .serviceUnavailable,
            "database-unavailable",
            "Database unavailable",
            "The database does not answer. \(recorded) Try again in a moment."
        ).with { $0.headers[.retryAfter] = "1" }
    }

    static func unavailable(_ error: APIUnavailable) -> Problem {
        Problem(.serviceUnavailable, "unavailable", "Unavailable", error.detail).with {
            $0.headers[.retryAfter] = "\(max(1, error.retryAfter.components.seconds))"
        }
    }

    static let tooManyReaders = Problem(
        .serviceUnavailable,
        "too-many-readers",
        "Too many readers",
        "This replica has as many readers of the event stream as it takes. Try again in a moment, or on another replica."
    ).with { $0.headers[.retryAfter] = "10" }

    static let unexpected = Problem(
        .internalServerError,
        "unexpected",
        "Unexpected error",
        "Something went wrong that should not. The log of this replica has the details under the request id."
    )
}
