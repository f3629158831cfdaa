import Glibc

/// The account that PostgreSQL runs under: it refuses to run as root.
package struct ServerAccount: Sendable {
    package let name: String
    package let userID: UInt32
    package let groupID: UInt32

    /// Nil where this process is not root: then the server runs as the same user.
    package static func find() throws -> ServerAccount? {
        guard ProcessEnvironment.isRoot else { return nil }
        guard let entry = getpwnam("postgres") else {
            throw LocalClusterError(
                code: .notInstalled,
                message: """
                    PostgreSQL refuses to run as root, and there is no user "postgres" to run it as: \
                    apt-get install postgresql, or start this as another user.
                    """
            )
        }
        return ServerAccount(name: "postgres", userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid)
    }

    /// The command that runs a program under this account.
    package func command(_ program: String, _ arguments: [String]) -> (program: String, arguments: [String]) {
        (
            "setpriv",
            ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups", "--no-new-privs", "--", program] + arguments
        )
    }
}
