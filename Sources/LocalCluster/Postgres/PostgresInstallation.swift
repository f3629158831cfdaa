import FoundationEssentials

/// The programs of one PostgreSQL version on this machine.
package struct PostgresInstallation: Sendable {
    package let binaries: String
    package let majorVersion: Int

    /// Finds an installed server: the one of `pg_config`, else the newest that Debian keeps beside it.
    ///
    /// - Parameter version: The only major version that will do, because data was written by it.
    package static func find(majorVersion version: Int? = nil) async throws -> PostgresInstallation {
        var candidates: [String] = []
        if let (status, output) = try? await ChildProcess.run("pg_config", ["--bindir"]), status.isSuccess {
            candidates.append(output)
        }
        let packaged = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        candidates += packaged.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "/usr/lib/postgresql/\($0)/bin" }
        var found: [Int] = []
        for directory in candidates {
            guard
                let (status, output) = try? await ChildProcess.run("\(directory)/postgres", ["--version"]),
                status.isSuccess,
                let major = majorVersion(in: output)
            else { continue }
            if version == nil || version == major {
                return PostgresInstallation(binaries: directory, majorVersion: major)
            }
            found.append(major)
        }
        if let version, !found.isEmpty {
            throw LocalClusterError(
                code: .wrongVersion,
                message: """
                    The data was written by PostgreSQL \(version), but only \
                    \(found.map(String.init).joined(separator: ", ")) is installed: \
                    apt-get install postgresql-\(version), or choose another data directory.
                    """
            )
        }
        throw LocalClusterError(
            code: .notInstalled,
            message: "PostgreSQL is not installed: apt-get install postgresql"
        )
    }

    func path(_ program: String) -> String {
        "\(binaries)/\(program)"
    }

    /// 15 of `postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
    private static func majorVersion(in output: String) -> Int? {
        let words = output.split(separator: " ")
        guard let marker = words.firstIndex(of: "(PostgreSQL)"), marker + 1 < words.endIndex else { return nil }
        return Int(words[marker + 1].prefix { $0.isNumber })
    }
}
