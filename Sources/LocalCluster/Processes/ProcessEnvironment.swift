import FoundationEssentials
import Glibc

/// This process's environment, and what can be found with it.
package enum ProcessEnvironment {
    package static var current: [String: String] {
        ProcessInfo.processInfo.environment
    }

    package static var isRoot: Bool {
        geteuid() == 0
    }

    /// Finds an executable by its path, or by its name in `PATH` and where Debian keeps its daemons.
    package static func executable(_ name: String) -> String? {
        if name.contains("/") {
            return access(name, X_OK) == 0 ? name : nil
        }
        let directories = (current["PATH"] ?? "").split(separator: ":").map(String.init)
        return (directories + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"])
            .map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}
