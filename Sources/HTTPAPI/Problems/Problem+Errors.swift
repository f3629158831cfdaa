import HTTPTypes
import Hummingbird
import NIOCore
import Postgres
import Store

extension Problem {
    /// What a user is told of an error; nil if it is one that should not happen.
    init?(_ error: any Error, limit: Int) {
        switch error {
        case let problem as Problem: self = problem
        case let error as PostgresError:
            guard let problem = Problem(error) else { return nil }
            self = problem
        case let error as DesiredStateError:
            self = .databaseUnavailable("Nothing was done: \(error.description)")
        case let error as APIUnavailable: self = .unavailable(error)
        case is NIOTooManyBytesError: self = .tooLarge(limit: limit)
        case is CancellationError:
            self = .unavailable(APIUnavailable(detail: "The request was cancelled: this replica is shutting down."))
        case let error as HTTPError where error.status.code < 500:
            self = Problem(
                error.status,
                "http",
                error.status.reasonPhrase,
                error.body ?? "The request could not be read."
            )
        default: return nil
        }
    }

    /// Nil for errors of a statement itself: those are this program's.
    init?(_ error: PostgresError) {
        if error.mayHaveBeenApplied {
            self = .databaseUnavailable(
                "The connection was lost before it answered: look whether the request took effect before you repeat it."
            )
            return
        }
        switch error.code {
        case .connection, .closed, .poolTimeout, .timeout, .cancelled, .unknownOutcome: self = .databaseUnavailable()
        case .server:
            guard let state = error.sqlState else { return nil }
            if Self.missingSchema.contains(state) {
                self = Problem(
                    .serviceUnavailable,
                    "schema",
                    "Wrong schema",
                    "The database has not the schema that this version needs. Run `tenure migrate`."
                )
            } else if Self.passing.contains(state) || Self.passing.contains(String(state.prefix(2))) {
                self = .databaseUnavailable()
            } else {
                return nil
            }
        default: return nil
        }
    }

    /// Undefined schema, table, column, function.
    private static let missingSchema: Set<String> = ["3F000", "42P01", "42703", "42883"]

    /// Connection trouble, insufficient resources, operator intervention (also a cancelled statement), read-only
    /// (a standby), serialisation, deadlock, lock timeout.
    private static let passing: Set<String> = ["08", "53", "57", "25006", "40001", "40P01", "55P03"]
}
