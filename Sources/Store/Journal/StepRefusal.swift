/// Why the database does not take a step with new orders. Without them, it takes it.
package enum StepRefusal: String, Sendable, Hashable {
    case halted
    /// All strategies together would hold too much.
    case exposure
}
