import FoundationEssentials
import LocalCluster

/// A file system of its own, in memory, that can be filled up.
struct SmallDisk: Sendable {
    /// Where it is mounted.
    let path: String

    /// Whether one can be mounted here: that takes root, in most containers more than that.
    static func isPossible() async -> Bool {
        let directory = "/tmp/tenure-mount-\(UInt32.random(in: .min ... .max))"
        let script = "mkdir \(directory) && mount -t tmpfs -o size=1m tenure \(directory) && umount \(directory)"
        // Without a shell there is no disk, either.
        let result = try? await ChildProcess.run("/bin/sh", ["-c", "\(script); e=$?; rmdir \(directory); exit $e"])
        return result?.status.isSuccess ?? false
    }

    /// Runs `body` with such a file system, and unmounts it.
    static func with<R>(path: String, megabytes: Int, _ body: (SmallDisk) async throws -> R) async throws -> R {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try await ChildProcess.runSuccessfully(
            "mount",
            ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700", "tenure-test", path]
        )
        func unmount() async {
            // Lazily: whoever still looks at it does not hold it.
            _ = try? await ChildProcess.run("umount", ["--lazy", path])
            try? FileManager.default.removeItem(atPath: path)
        }
        do {
            let result = try await body(SmallDisk(path: path))
            await unmount()
            return result
        } catch {
            await unmount()
            throw error
        }
    }

    private var filler: String { "\(path)/filler" }

    /// Leaves no byte.
    func fill() async throws {
        // It ends when there is no space left: that is no failure here.
        _ = try await ChildProcess.run("dd", ["if=/dev/zero", "of=\(filler)", "bs=4k", "oflag=append", "conv=notrunc"])
    }

    func free() throws {
        try FileManager.default.removeItem(atPath: filler)
    }
}
