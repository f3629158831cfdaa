/// A condition did not come true in time.
package struct EventuallyTimedOut: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    /// What the condition threw when it was asked last.
    let lastError: (any Error)?

    package var description: String {
        "\(what) did not come true within \(limit)" + (lastError.map { ": \($0)" } ?? "")
    }
}
