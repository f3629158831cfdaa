package import Store

/// What became of a step.
package enum StepOutcome: Sendable, Hashable {
    case committed(NewOrders)
    /// It would let new orders leave. Nothing was written.
    case refused(StepRefusal)
    /// The strategy is no longer owned under the step's token. Nothing was written.
    case lost

    /// - Parameter began: when the statement that was answered so was sent.
    init(_ answer: CommitAnswer, _ strategy: Int64, began: ContinuousClock.Instant) {
        self =
            if answer.committed.contains(strategy) {
                .committed(NewOrders(ids: answer.intended[strategy] ?? [], asOf: began))
            } else if let refusal = answer.refused[strategy] {
                .refused(refusal)
            } else {
                .lost
            }
    }
}

/// Orders that a commit is known to have put into the journal, none of which was there before. So nobody has sent them.
package struct NewOrders: Sendable, Hashable {
    let ids: Set<String>
    /// At this moment, or later, the strategy was owned under the step's token, and trading was not halted.
    let asOf: ContinuousClock.Instant

    /// After this time much may have happened: whoever was held up for longer asks the journal again before sending anything.
    package static let lifetime = Duration.seconds(1)

    static var none: NewOrders { NewOrders(ids: [], asOf: .now) }

    /// Whether an order may be sent without asking the journal once more.
    func allows(_ orderID: String, at now: ContinuousClock.Instant) -> Bool {
        ids.contains(orderID) && asOf.duration(to: now) < Self.lifetime
    }
}
