/// One SQL statement with its parameters: `"SELECT … WHERE id = \(id)"` sends `$1` and the value, never spliced text.
///
/// The same text with the same parameter types is prepared once per connection.
package struct PostgresStatement: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The text that is sent, with `$1`, `$2`, ….
    package let sql: String
    let parameters: PostgresParameters
    /// See `PostgresExecutor.read`.
    var onlyReads = false

    /// A statement without parameters.
    package init(stringLiteral sql: String) {
        self.sql = sql
        parameters = PostgresParameters()
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        sql = interpolation.sql
        parameters = interpolation.parameters
    }

    /// A statement whose text was put together elsewhere. Never put values of users into it.
    package init(unsafeSQL sql: String) {
        self.sql = sql
        parameters = PostgresParameters()
    }

    /// The text, without the parameters.
    package var description: String { sql }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var sql = ""
        var parameters = PostgresParameters()

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.reserveCapacity(literalCapacity + interpolationCount * 3)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql += literal
        }

        /// A parameter.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            parameters.append(value)
            sql += "$"
            sql += String(parameters.count)
        }

        /// A parameter that may be NULL. (Without this the compiler takes it for a description of an optional.)
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parameters.append(value)
            sql += "$"
            sql += String(parameters.count)
        }

        /// A literal piece of SQL: identifiers and constants of this program only.
        package mutating func appendInterpolation(raw sql: String) {
            self.sql += sql
        }
    }
}
