package import Store

/// Runs strategies over candles of the past.
package protocol ReplaySource: Sendable {
    /// - Parameters:
    ///   - order: What would be started; it is complete, and nothing of it is stored.
    ///   - candles: How many of the latest closed ones it acts on.
    /// - Throws: ``APIUnavailable`` if that cannot be done now (503).
    func replay(_ order: StartOrder, candles: Int) async throws -> ReplayReport
}
