/// What became of steps. A strategy that is not named is no longer owned under its step's token, is not there any more, or has
/// gone on without this step.
package struct CommitAnswer: Sendable, Equatable {
    /// Strategies whose steps took effect.
    package var committed: Set<Int64> = []
    /// Strategies whose steps did not, because they would let new orders leave.
    package var refused: [Int64: StepRefusal] = [:]

    package init(committed: Set<Int64> = [], refused: [Int64: StepRefusal] = [:]) {
        self.committed = committed
        self.refused = refused
    }
}
