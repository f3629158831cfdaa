package import Store
package import Trading

/// What somebody wants to start, as far as its syntax tells.
///
/// A field that is nil was missing or wrong and has been reported: check the others, so that the user hears of everything
/// at once.
package struct StartRequest: Sendable {
    package var symbol: Symbol?
    package var mode: String?
    package var interval: Interval?
    package var exchange: String?
    package var execution: Execution?
    /// The members of `config`; empty if there was none.
    package var config: [String: JSONValue]?
    /// What it may risk; what it does not say has the replica's default.
    package var limits: RiskLimits?

    package init(
        symbol: Symbol? = nil,
        mode: String? = nil,
        interval: Interval? = nil,
        exchange: String? = nil,
        execution: Execution? = nil,
        config: [String: JSONValue]? = nil,
        limits: RiskLimits? = nil
    ) {
        self.symbol = symbol
        self.mode = mode
        self.interval = interval
        self.exchange = exchange
        self.execution = execution
        self.config = config
        self.limits = limits
    }
}
