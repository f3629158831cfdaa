/// Why a strategy could not be made, restored, written down, or run on.
public struct StrategyError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The configuration has the ``StrategyError/problems`` listed.
        case invalidConfiguration
        /// The state cannot be read back by this mode: it is damaged, or of another mode or version.
        case unreadableState
        /// The state cannot be written as JSON, as when a number in it is not finite.
        case unwritableState
        /// The strategy cannot go on with its parameters in this market.
        case unusableParameters
    }

    public let code: Code
    /// What is wrong and what to do about it.
    public let message: String
    /// The fields at fault; empty unless the code is ``Code/invalidConfiguration``.
    public let problems: [FieldProblem]
    public let underlying: (any Error)?
    public let file: String
    public let line: Int

    public init(
        _ code: Code,
        _ message: String,
        problems: [FieldProblem] = [],
        underlying: (any Error)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.problems = problems
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    public var description: String {
        underlying.map { "\(message) (\($0))" } ?? message
    }
}
