/// What became of steps. A strategy that is not named is no longer owned under its step's token, is not there any more, or has
/// gone on without this step.
package struct CommitAnswer: Sendable, Equatable {
    /// Strategies whose steps took effect.
    package var committed: Set<Int64> = []
    /// Strategies whose steps did not, because they would let new orders leave.
    package var refused: [Int64: StepRefusal] = [:]

    /// By strategy, the orders to be sent that this very statement has put into the journal: none of them was there before.
    package var intended: [Int64: Set<String>] = [:]

    package init(
        committed: Set<Int64> = [],
        refused: [Int64: StepRefusal] = [:],
        intended: [Int64: Set<String>] = [:]
    ) {
        self.committed = committed
        self.refused = refused
        self.intended = intended
    }
}
