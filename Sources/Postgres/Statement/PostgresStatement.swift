/// One SQL statement with its parameters: `"SELECT … WHERE id = \(id)"` sends `$1` and the value, never spliced text.
///
/// The same text with the same parameter types is prepared once per connection. A statement may be a part of another.
package struct PostgresStatement: Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    /// The text that is sent, with `$1`, `$2`, ….
    package let sql: String
    let parameters: PostgresParameters
    /// Where in the text's UTF-8 the numbers of the parameters begin, in their order.
    private let numbers: [Int]
    /// See `PostgresExecutor.read`.
    var onlyReads = false

    /// A statement without parameters.
    package init(stringLiteral sql: String) {
        self.init(unsafeSQL: sql)
    }

    package init(stringInterpolation interpolation: StringInterpolation) {
        sql = interpolation.sql
        parameters = interpolation.parameters
        numbers = interpolation.numbers
    }

    /// A statement whose text was put together elsewhere. Never put values of users into it.
    package init(unsafeSQL sql: String) {
        self.sql = sql
        parameters = PostgresParameters()
        numbers = []
    }

    /// The text, without the parameters.
    package var description: String { sql }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var sql = ""
        var parameters = PostgresParameters()
        fileprivate var numbers: [Int] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql.reserveCapacity(literalCapacity + interpolationCount * 3)
        }

        package mutating func appendLiteral(_ literal: String) {
            sql += literal
        }

        /// A parameter.
        package mutating func appendInterpolation(_ value: some PostgresEncodable) {
            parameters.append(value)
            appendNumber()
        }

        /// A parameter that may be NULL. (Without this the compiler takes it for a description of an optional.)
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            parameters.append(value)
            appendNumber()
        }

        /// A part of a statement, with its parameters.
        package mutating func appendInterpolation(_ part: PostgresStatement) {
            let text = part.sql.utf8
            var rest = text.startIndex
            for number in part.numbers {
                let start = text.index(text.startIndex, offsetBy: number)
                sql += part.sql[rest..<start]
                numbers.append(sql.utf8.count)
                sql += String(numbers.count)
                let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
                rest = text[start...].firstIndex { !digits.contains($0) } ?? text.endIndex
            }
            sql += part.sql[rest...]
            parameters.append(contentsOf: part.parameters)
        }

        private mutating func appendNumber() {
            sql += "$"
            numbers.append(sql.utf8.count)
            sql += String(numbers.count)
        }

        /// A literal piece of SQL: identifiers and constants of this program only.
        package mutating func appendInterpolation(raw sql: String) {
            self.sql += sql
        }
    }
}
