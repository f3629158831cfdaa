import FoundationEssentials
import LocalCluster

/// Files that tests need.
enum TestFiles {
    /// The root of the package: three folders above this file.
    static let root: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()
}

/// The path of an executable of this package, built beside the tests that are running.
package func builtExecutable(_ name: String = "tenure") throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let directory = tests.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    for candidate in ["\(directory)/\(name)", "\(TestFiles.root)/.build/debug/\(name)"]
    where FileManager.default.isExecutableFile(atPath: candidate) {
        return candidate
    }
    throw ExecutableMissing(name: name, directory: directory)
}

/// The path of recorded candles such as `BTCUSDT-5m`, or nil where they are not on this machine.
///
/// They are in the folder named by `TENURE_TEST_DATA`, else in `shared/data` beside the package or above it. A test that
/// needs them says so: `.enabled(if: recordedCandles("BTCUSDT-5m") != nil, "recorded candles are not here")`.
package func recordedCandles(_ name: String) -> String? {
    var folders: [String] = []
    if let folder = ProcessEnvironment.current["TENURE_TEST_DATA"], !folder.isEmpty { folders.append(folder) }
    var parts = TestFiles.root.split(separator: "/", omittingEmptySubsequences: false)
    while !parts.isEmpty {
        folders.append(parts.joined(separator: "/") + "/shared/data")
        parts.removeLast()
    }
    return folders.lazy.map { "\($0)/\(name).csv" }.first { FileManager.default.isReadableFile(atPath: $0) }
}

/// An executable has not been built.
package struct ExecutableMissing: Error, CustomStringConvertible {
    let name: String
    let directory: String

    package var description: String {
        "there is no executable \(name) in \(directory): build it with swift build --build-tests"
    }
}
