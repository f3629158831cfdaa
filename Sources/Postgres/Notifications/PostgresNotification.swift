/// What a `NOTIFY` carried.
package struct PostgresNotification: Sendable, Hashable {
    package let channel: String
    package let payload: String
    /// The backend that sent it.
    package let backendPID: Int32
}
