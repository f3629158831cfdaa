import ArgumentParser
import FoundationEssentials
import Glibc

/// Says on standard error what went wrong; the result, thrown, ends the command with `code` (as in sysexits.h: 65 wrong
/// data, 69 something is unavailable, 78 wrong configuration).
func fail(_ message: String, code: Int32) -> ExitCode {
    var text = "tenure: \(message)\n"
    text.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    return ExitCode(code)
}

/// The path of the program that is running.
func currentExecutable() throws -> String {
    var path = [CChar](repeating: 0, count: 4_096)
    let length = readlink("/proc/self/exe", &path, path.count)
    guard length > 0 else { throw fail("the path of this program cannot be found", code: 71) }
    return String(decoding: path[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self)
}
