import FoundationEssentials
import Store
import Trading

/// What a run keeps beside its cursor: the text in a checkpoint's `state`.
struct RunState: Codable, Equatable {
    /// The strategy's own state, as its mode wrote it.
    var strategy: String
    var position: Position
    /// Journalled orders that have not been filled yet, oldest first.
    var pending: [JournalledOrder]
    /// The last candle that was history when the strategy started: up to it, candles only form its opinion.
    var warmUpEnd: Timestamp

    init(text: String) throws {
        self = try JSONDecoder().decode(RunState.self, from: Data(text.utf8))
    }

    init(strategy: String, position: Position, pending: [JournalledOrder], warmUpEnd: Timestamp) {
        self.strategy = strategy
        self.position = position
        self.pending = pending
        self.warmUpEnd = warmUpEnd
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
