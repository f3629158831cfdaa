import FoundationEssentials
public import Trading

/// A strategy of any mode.
public struct AnyStrategy: Sendable {
    public let mode: String
    /// Candles of history it wants before it can have an opinion.
    public let warmUpCandles: Int
    /// What it does with candles that come late.
    public let catchUp: CatchUp

    private var strategy: any Strategy

    init<S: Strategy>(_ strategy: S, parameters: S.Parameters, catchUp: CatchUp) {
        self.mode = S.mode
        self.warmUpCandles = S.warmUpCandles(parameters)
        self.catchUp = catchUp
        self.strategy = strategy
    }

    /// Takes one event and says what is to be done about it. If it throws, the state is as it was before.
    public mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
        var next = strategy
        let intents = try next.handle(event, context: context)
        strategy = next
        return intents
    }

    /// The state as JSON text, keys sorted: the same state gives the same text, and every number in it is read back to
    /// the last bit.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/unwritableState``).
    public func state() throws -> String {
        do {
            return String(decoding: try Self.encode(strategy), as: UTF8.self)
        } catch {
            throw StrategyError(
                .unwritableState,
                "the state of mode \"\(mode)\" cannot be written as JSON: no number in it may be infinite or undefined",
                underlying: error
            )
        }
    }

    private static func encode(_ strategy: some Strategy) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(strategy)
    }
}
