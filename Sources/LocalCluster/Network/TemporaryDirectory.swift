import FoundationEssentials
import Glibc

/// Directories for what must not outlive this process.
package enum TemporaryDirectory {
    /// Creates a new one, which only this account may enter. It is removed with this process at the latest.
    package static func create(prefix: String) throws -> String {
        var template = Array("/tmp/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "No temporary directory can be made in /tmp: \(String(cString: strerror(errno)))"
            )
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        ProcessGuardian.shared.add(directory: path)
        return path
    }

    /// Lets the account of a private PostgreSQL server through to its own directory inside this one.
    package static func openToServers(_ path: String) throws {
        guard chmod(path, 0o711) == 0 else {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "\(path) cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
    }

    package static func remove(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
        ProcessGuardian.shared.remove(directory: path)
    }
}
