/// What became of a request to pause or to resume.
package enum PauseOutcome: Sendable, Hashable {
    /// It is as asked for; `changed` says whether it was not so before.
    case done(id: Int64, shard: Int, changed: Bool)
    /// There is no such strategy among the active ones.
    case notFound
    /// The request of this key has been done before: nothing was done now.
    case repeated
}
