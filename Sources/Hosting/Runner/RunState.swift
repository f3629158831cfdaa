import Store
import Trading

/// What a run keeps beside its cursor: the text in a checkpoint's `state`.
struct RunState: Codable, Equatable {
    /// The strategy's own state, as its mode wrote it.
    var strategy: String
    var position: Position
    /// Journalled orders of which more is to be heard, oldest first.
    var pending: [JournalledOrder]
    /// Of pending orders: the fills that have been booked already. `nil`: none.
    var booked: [String: BookedFills]?
    /// Orders that the exchange had and the journal had lost, until they are decided once more. `nil`: none.
    var adopted: [JournalledOrder]?
    /// The WAL timeline under which the journal was last made to agree with the exchange. `nil` on paper.
    var timeline: Int64?
    /// The last candle that was history when the strategy started: up to it, candles only form its opinion.
    var warmUpEnd: Timestamp
    /// `nil`: written before there were limits.
    var risk: RiskMonitor?

    struct BookedFills: Codable, Hashable {
        var quantity: FixedDecimal = .zero
        var tradeIDs: Set<String> = []
    }

    init(text: String) throws {
        self = try JSONTextDecoder.value(from: text)
    }

    init(
        strategy: String,
        position: Position,
        pending: [JournalledOrder],
        booked: [String: BookedFills] = [:],
        adopted: [JournalledOrder] = [],
        timeline: Int64? = nil,
        warmUpEnd: Timestamp,
        risk: RiskMonitor
    ) {
        self.strategy = strategy
        self.position = position
        self.pending = pending
        self.booked = booked.isEmpty ? nil : booked
        self.adopted = adopted.isEmpty ? nil : adopted
        self.timeline = timeline
        self.warmUpEnd = warmUpEnd
        self.risk = risk
    }

    func text() throws -> String { try JSONTextEncoder.text(of: self) }
}
