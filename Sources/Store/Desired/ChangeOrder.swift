package import Trading

/// What somebody wants to be otherwise of an active strategy. Everything in it has been validated.
package struct ChangeOrder: Sendable {
    package var id: Int64
    /// The one that it was made from: if the strategy has another one by now, nothing is changed.
    package var version: Int64
    /// Complete: every parameter of the mode, with its value.
    package var config: JSONValue
    package var limits: RiskLimits
    /// For the record: by name, what was and what will be.
    package var differences: JSONValue
    /// Who wants it, for the record; nil where nobody is asked for a name.
    package var by: String?

    package init(
        id: Int64,
        version: Int64,
        config: JSONValue,
        limits: RiskLimits,
        differences: JSONValue,
        by: String? = nil
    ) {
        self.id = id
        self.version = version
        self.config = config
        self.limits = limits
        self.differences = differences
        self.by = by
    }
}
