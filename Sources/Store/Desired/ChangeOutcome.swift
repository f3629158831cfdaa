/// What became of a ``ChangeOrder``.
package enum ChangeOutcome: Sendable, Hashable {
    /// It is recorded, as this version; the owner takes it over between two candles.
    case changed(version: Int64)
    /// The strategy has been changed or stopped meanwhile: nothing was done.
    case overtaken
    /// The request of this key has been done before: nothing was done now.
    case repeated
}
