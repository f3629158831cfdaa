import Glibc

/// The parent's side of a child's output.
struct ChildOutput {
    /// What becomes the child's standard output and error; nil: nothing, or inherited.
    let childEnd: Int32?
    let isInherited: Bool
    private let reading: Int32?
    private let handler: @Sendable (String) -> Void

    init(_ output: ChildProcessConfiguration.Output) throws {
        switch output {
        case .discard, .inherit:
            (childEnd, reading, handler) = (nil, nil, { _ in })
        case .file(let path):
            let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
            guard file >= 0 else {
                throw ChildProcessError(
                    code: .notStarted,
                    message: "\(path) cannot be written: \(String(cString: strerror(errno)))"
                )
            }
            (childEnd, reading, handler) = (file, nil, { _ in })
        case .lines(let lineHandler):
            let pipe = try SpawnedProgram.pipePair()
            (childEnd, reading, handler) = (pipe.writing, pipe.reading, lineHandler)
        }
        if case .inherit = output { isInherited = true } else { isInherited = false }
    }

    /// To be called once the child has it, so that the end of the child is the end of its output.
    func closeChildEnd() {
        if let childEnd { close(childEnd) }
    }

    /// Reads until the last process that holds the other end is gone.
    func startReading(atEnd: @escaping @Sendable () -> Void) {
        guard let reading else { return atEnd() }
        let handler = handler
        BlockingThread.start {
            Self.readLines(from: reading, handler: handler)
            close(reading)
            atEnd()
        }
    }

    private static func readLines(from descriptor: Int32, handler: (String) -> Void) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count <= 0 { break }
            pending.append(contentsOf: buffer[..<count])
            var start = pending.startIndex
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                handler(String(decoding: pending[start..<end], as: UTF8.self))
                start = end + 1
            }
            pending.removeSubrange(..<start)
        }
        if !pending.isEmpty { handler(String(decoding: pending, as: UTF8.self)) }
    }
}
