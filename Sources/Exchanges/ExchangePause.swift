/// An exchange has answered that it wants to be left alone for a while.
package struct ExchangePause: Sendable, Hashable {
    package enum Scope: String, Sendable, CaseIterable {
        /// Nothing is to be asked from this network address: too many requests, or a ban.
        case address
        /// No new orders of this account: too many of them.
        case account
    }

    package let scope: Scope
    package let end: ContinuousClock.Instant

    package init(scope: Scope, end: ContinuousClock.Instant) {
        self.scope = scope
        self.end = end
    }
}

extension ContinuousClock.Instant {
    /// Whether a pause until then is more than was known: what was told at once, or by way of others, differs a little.
    func isNews(after known: Self?) -> Bool { known.map { $0 + .seconds(1) < self } ?? true }
}
