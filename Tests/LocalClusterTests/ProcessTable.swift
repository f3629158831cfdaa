import FoundationEssentials

/// What the kernel says of processes.
enum ProcessTable {
    /// `R`, `S`, `T` …; nil for a process that is gone, or only waits to be reaped by init.
    static func state(of pid: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        guard let end = text.lastIndex(of: ")") else { return nil }
        let state = text[end...].split(separator: " ").dropFirst().first.map(String.init)
        return state == "Z" || state == "X" ? nil : state
    }
}
