/// What kept a server of the local cluster from starting, and what to do about it.
package struct LocalClusterError: Error, CustomStringConvertible {
    package enum Code: Sendable {
        /// A program is not installed.
        case notInstalled
        case portInUse
        /// Another cluster, or another PostgreSQL, uses the directory.
        case directoryInUse
        /// A directory cannot be created, entered or written.
        case directoryUnusable
        /// The data was written by another major version of PostgreSQL.
        case wrongVersion
        /// A program ended, or did not become ready.
        case notStarted
        case configurationInvalid
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    static func portInUse(_ port: Int, by user: String) -> LocalClusterError {
        LocalClusterError(
            code: .portInUse,
            message: """
                Port \(port) on 127.0.0.1, meant for \(user), is in use. See who has it (ss -ltnp 'sport = :\(port)') \
                and stop that, or choose another port.
                """
        )
    }
}
