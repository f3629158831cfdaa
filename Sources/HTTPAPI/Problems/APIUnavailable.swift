/// Something that a request needs is away for a while. A dependency of the API throws it; the answer is 503.
package struct APIUnavailable: Error, Sendable {
    /// What is away and what to do: shown to the user.
    package let detail: String
    package let retryAfter: Duration

    package init(detail: String, retryAfter: Duration = .seconds(1)) {
        self.detail = detail
        self.retryAfter = retryAfter
    }
}
