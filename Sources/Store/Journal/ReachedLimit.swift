/// A limit that keeps a strategy from opening something.
package struct ReachedLimit: Sendable, Hashable, Codable {
    /// `order_value`, …
    package let name: String
    /// For people: what is beyond what.
    package let reason: String

    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}
