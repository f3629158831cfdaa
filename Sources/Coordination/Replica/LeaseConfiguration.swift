/// How long a replica may be silent.
package struct LeaseConfiguration: Sendable, Equatable {
    /// A replica that has not renewed its lease for this long is dead.
    package let ttl: Duration
    /// Between two renewals. Several fit into one TTL, so one lost heartbeat convicts nobody.
    package let heartbeatInterval: Duration
    /// What is taken off the TTL on the replica's own side: it stops trusting itself this much before anyone else may.
    package let margin: Duration

    package static let standard = LeaseConfiguration(ttl: .seconds(3), heartbeatInterval: .milliseconds(500))

    /// Traps unless TTL ≥ 3 × interval: settings are checked where they are read, with an error that names them.
    package init(ttl: Duration, heartbeatInterval: Duration) {
        precondition(ttl >= heartbeatInterval * 3, "a lease must outlive three heartbeats")
        self.ttl = ttl
        self.heartbeatInterval = heartbeatInterval
        margin = ttl / 10
    }
}
