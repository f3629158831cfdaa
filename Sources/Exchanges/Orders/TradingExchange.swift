package import Trading

/// An exchange with an account on it.
///
/// Queries are tried again where that may help, and throw what is left. Orders and cancellations go out at most once each, and
/// what became of them is an outcome, never an error.
package protocol TradingExchange: Sendable {
    /// The exchange's clock, estimated from when it last told: no request, unless that was too long ago.
    func now() async throws(ExchangeError) -> Timestamp

    /// Sends an order, once.
    func place(_ request: OrderRequest) async -> OrderOutcome

    /// Cancels an order by its client id, once.
    ///
    /// - Parameters:
    ///   - signedAt: the time to be signed.
    ///   - receiveWindow: how long after it the exchange still accepts the cancellation, in milliseconds.
    func cancel(_ clientOrderID: String, _ symbol: Symbol, signedAt: Timestamp, receiveWindow: Int64) async
        -> CancelOutcome

    /// The latest order with a client id; `nil` if the exchange knows none (yet).
    func order(_ clientOrderID: String, _ symbol: Symbol) async throws(ExchangeError) -> ExchangeOrder?

    /// All open orders of the account, in one market or, which costs a lot, in all.
    func openOrders(_ symbol: Symbol?) async throws(ExchangeError) -> [ExchangeOrder]

    /// Every order of the account that was accepted at or after `start`, oldest first.
    func orders(_ symbol: Symbol, since start: Timestamp) async throws(ExchangeError) -> [ExchangeOrder]

    /// Every trade of the account at or after `start`, oldest first.
    func trades(_ symbol: Symbol, since start: Timestamp) async throws(ExchangeError) -> [ExchangeTrade]

    /// Every trade of one order.
    func trades(_ symbol: Symbol, orderID: Int64) async throws(ExchangeError) -> [ExchangeTrade]

    func account() async throws(ExchangeError) -> ExchangeAccount

    /// Runs `body` with what the exchange tells of the account.
    ///
    /// Nothing of what happens after ``AccountEvent/joined`` is missing until ``AccountEvent/interrupted(reason:)``; what happened
    /// around it must be asked for. Events may come twice and, across a renewed connection, late: trades are known by their ids,
    /// and orders by how much of them is executed.
    func withAccountEvents<R: Sendable>(_ body: (AsyncStream<AccountEvent>) async throws -> R) async throws -> R
}
