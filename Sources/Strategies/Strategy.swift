public import Trading

/// A trading strategy as a pure reducer, a value: events in, intents out.
///
/// No clock, no network, no randomness: time comes with the event, so the same events give the same intents and the same
/// state on any replica, and a replay is a proof. The `Codable` conformance **is** the state: it is written down after each
/// step and is all that a restore has to go on. Whatever a strategy must remember is a stored property, and no property
/// may take a value that JSON cannot hold (a `Double` that is not finite).
///
/// A strategy that throws is restarted from its last state, and failed if it goes on throwing; it never trades half a step.
public protocol Strategy: Codable, Sendable {
    associatedtype Parameters: StrategyParameters

    /// The name it is started by (`scalp`): lower-case letters, digits and underscores.
    static var mode: String { get }

    /// One sentence for people who choose between modes.
    static var summary: String { get }

    init(parameters: Parameters)

    /// Candles of history it wants before it can have an opinion. They are fed like any others; nothing is bought on them.
    static func warmUpCandles(_ parameters: Parameters) -> Int

    /// Takes one event and says what is to be done about it. The order of the intents is part of the decision.
    mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent]

    /// Takes over from the strategy that ran until now with other parameters. This one is new, and has read its warm-up candles up
    /// to the one that the other has processed last; position and orders under way stay as they are.
    ///
    /// What belongs to the position, or was decided on it, is to be copied; so are indicators whose periods are the same, so that
    /// their values stay exact. What depends on other periods stays as the warm-up made it. If it throws, the other goes on.
    mutating func takeOver(from previous: Self) throws
}

extension Strategy {
    /// Nothing is remembered: for strategies that find all they need in their candles and in the context.
    public mutating func takeOver(from previous: Self) throws {}
}
