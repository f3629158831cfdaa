/// Who a replica says it is; only the id that it gets when it joins tells it apart for certain.
package struct ReplicaIdentity: Sendable {
    /// Configured; may repeat.
    package let name: String
    /// Unique to the process: in the application name of all its connections, so that whoever fences it can end them.
    package let instance: String
    package let host: String
    package let pid: Int
    package let version: String
    /// Strategies it is ready to run.
    package let capacity: Int

    package init(name: String, instance: String, host: String, pid: Int, version: String, capacity: Int) {
        self.name = name
        self.instance = instance
        self.host = host
        self.pid = pid
        self.version = version
        self.capacity = capacity
    }

    /// The `application_name` of every connection of this process.
    package var applicationName: String { "tenure/\(instance)" }
}
