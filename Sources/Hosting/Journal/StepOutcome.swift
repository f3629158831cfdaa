package import Store

/// What became of a step.
package enum StepOutcome: Sendable, Hashable {
    case committed
    /// It would let new orders leave. Nothing was written.
    case refused(StepRefusal)
    /// The strategy is no longer owned under the step's token. Nothing was written.
    case lost

    init(_ answer: CommitAnswer, _ strategy: Int64) {
        self =
            if answer.committed.contains(strategy) {
                .committed
            } else if let refusal = answer.refused[strategy] {
                .refused(refusal)
            } else {
                .lost
            }
    }
}
