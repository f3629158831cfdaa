/// Why a wish could not be recorded although the database answers. Trying again helps.
package struct DesiredStateError: Error, Sendable, CustomStringConvertible {
    package let description: String

    /// Every shard that was tried changed hands at that moment.
    static let noShard = DesiredStateError(
        description: "No shard could be locked for the new strategy: ownership is changing right now. Try again."
    )
}
