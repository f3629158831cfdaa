package import Trading

/// A strategy that somebody wants to run. Everything in it has been validated.
package struct StartOrder: Sendable {
    package var symbol: Symbol
    package var exchange: String
    package var strategyType: String
    package var interval: Interval
    package var execution: Execution
    /// Complete: every parameter of the mode, with its value.
    package var config: JSONValue
    package var limits: RiskLimits
    /// Who wants it, for the record; nil where nobody is asked for a name.
    package var by: String?
    /// Nil for now.
    package var startedAt: Timestamp?
    /// Processes candles from the start, and opens nothing.
    package var isPaused = false

    package init(
        symbol: Symbol,
        exchange: String,
        strategyType: String,
        interval: Interval,
        execution: Execution,
        config: JSONValue,
        limits: RiskLimits = .none,
        by: String? = nil
    ) {
        self.symbol = symbol
        self.exchange = exchange
        self.strategyType = strategyType
        self.interval = interval
        self.execution = execution
        self.config = config
        self.limits = limits
        self.by = by
    }
}
