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

    /// Takes over from the strategy of the same mode that ran until now: see ``Strategy/takeOver(from:)``. If it throws, this one
    /// is as it was before.
    public mutating func takeOver(from previous: AnyStrategy) throws {
        strategy = try Self.takingOver(strategy, from: previous.strategy)
    }

    private static func takingOver<S: Strategy>(_ next: S, from previous: any Strategy) throws -> S {
        guard let previous = previous as? S else {
            preconditionFailure("a strategy takes over from one of its own mode")
        }
        var next = next
        try next.takeOver(from: previous)
        return next
    }

    /// The state as JSON text, keys sorted: the same state gives the same text, and every number in it is read back to
    /// the last bit.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/unwritableState``).
    public func state() throws -> String {
        do {
            return try JSONTextEncoder.text(of: strategy)
        } catch {
            throw StrategyError(
                .unwritableState,
                "the state of mode \"\(mode)\" cannot be written as JSON: no number in it may be infinite or undefined",
                underlying: error
            )
        }
    }
}
