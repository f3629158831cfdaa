import Glibc
import Strategies
import Trading

/// A strategy that does nothing, until a candle of a certain volume kills its process.
struct Suspect: Strategy {
    static let mode = "suspect"
    static let summary = "Kills its host."

    struct Parameters: StrategyParameters {
        static let schema = ParameterSchema([])

        init(_ config: ParameterReader) {}
    }

    static let deadlyVolume: FixedDecimal = "666"

    private var candles = 0

    init(parameters: Parameters) {}

    static func warmUpCandles(_ parameters: Parameters) -> Int { 0 }

    mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
        guard case .candle(let candle) = event else { return [] }
        if candle.volume == Self.deadlyVolume { _ = kill(getpid(), SIGKILL) }
        candles += 1
        return []
    }
}
