package import Trading

/// What all strategies that trade in one way may hold together.
package struct ExposureLimit: Sendable, Hashable {
    package let execution: Execution
    /// In quote units; `nil`: no limit.
    package let limit: FixedDecimal?
    /// What they hold, at its cost, and what entries under way may add.
    package let used: FixedDecimal

    package init(execution: Execution, limit: FixedDecimal?, used: FixedDecimal) {
        self.execution = execution
        self.limit = limit
        self.used = used
    }
}
