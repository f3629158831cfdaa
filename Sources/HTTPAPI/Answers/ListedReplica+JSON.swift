import Store

extension ListedReplica {
    func write(to json: inout JSONWriter) {
        json.object { members(of: &$0) }
    }

    func members(of json: inout JSONWriter) {
        json.member("id", id)
        json.member("name", name)
        json.member("host", host)
        json.member("pid", pid)
        json.member("version", version)
        json.member("status", status.rawValue)
        json.member("draining", draining)
        json.member("drain_requested_at", drainRequestedAt)
        json.member("capacity", capacity)
        json.member("load", strategies)
        json.member("shards", shards)
        json.member("started_at", startedAt)
        json.member("heartbeat_at", heartbeatAt)
        json.member("lease_expires_at", leaseExpiresAt)
        json.member("lease_remaining_ms", fencing == nil ? leaseRemainingMilliseconds : nil)
        json.member("fenced_at", fencing?.at)
        json.member("fenced_by", fencing?.by)
        json.member("fenced_reason", fencing?.reason)
    }
}
