import FoundationEssentials
import Glibc

/// What this process has of the machine now.
enum ProcessResources {
    /// Connections of this process to a port of this machine.
    static func sockets(toPort port: Int) -> Int {
        let inodes = inodes(ofSocketsTo: port)
        let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return descriptors.count { descriptor in
            // One that has just been closed cannot be read.
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            return inodes.contains(target ?? "")
        }
    }

    /// As `/proc/self/fd` names them.
    private static func inodes(ofSocketsTo port: Int) -> Set<String> {
        var inodes: Set<String> = []
        for line in text("/proc/self/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, let remotePort = fields[2].split(separator: ":").last else { continue }
            if Int(remotePort, radix: 16) == port { inodes.insert("socket:[\(fields[9])]") }
        }
        return inodes
    }

    static var residentBytes: Int {
        let fields = text("/proc/self/statm").split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    static func threads(named name: String) -> Int {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        return tasks.count { text("/proc/self/task/\($0)/comm") == "\(name)\n" }
    }

    /// Empty for a thread that has just ended.
    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }
}
