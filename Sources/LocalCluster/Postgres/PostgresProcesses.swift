import FoundationEssentials

/// The processes of a server, as the kernel lists them.
enum PostgresProcesses {
    /// The children of a process: all that a server consists of, but for itself.
    static func children(of parent: Int32) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { pid in
            // One that ends meanwhile has no such file any more.
            guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return false }
            // After the name in parentheses: the state, then the parent.
            let fields = text[end...].split(separator: " ")
            return fields.count > 2 && Int32(fields[2]) == parent
        }
    }
}
