import Store

/// What keeps orders from leaving, whatever a strategy decides.
package struct OrderBarriers: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The strategy is paused: nothing is opened.
    package static let paused = OrderBarriers(rawValue: 1)
    /// All trading is halted: nothing leaves, neither entries nor exits.
    package static let halted = OrderBarriers(rawValue: 2)
    /// All strategies together would hold too much: nothing is opened.
    package static let exposure = OrderBarriers(rawValue: 4)
}

extension OrderBarriers {
    /// What is to be minded when the database has refused a step for this reason.
    init(_ refusal: StepRefusal) {
        switch refusal {
        case .halted: self = .halted
        case .exposure: self = .exposure
        }
    }
}
