/// What a listener has to say.
package enum PostgresNotificationEvent: Sendable {
    /// Listening from here on. After a `lost`: assume that something was missed, and look.
    case connected
    case notification(channel: String, payload: String, backendPID: Int32)
    /// The connection was lost, or this subscriber was too slow and events were dropped.
    case lost(PostgresError)
}
