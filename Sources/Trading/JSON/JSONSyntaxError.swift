/// Where a text stops being JSON, and what was expected there.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    package let line: Int
    /// In bytes, counted from 1.
    package let column: Int
    package let message: String

    package var description: String { "line \(line), column \(column): \(message)" }
}
