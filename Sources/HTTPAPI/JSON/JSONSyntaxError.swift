/// Where a text stops being JSON, and what was expected there.
struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    let line: Int
    /// In bytes, counted from 1.
    let column: Int
    let message: String

    var description: String { "line \(line), column \(column): \(message)" }
}
