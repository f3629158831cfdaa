import Glibc

/// One small GET over a connection of its own, to ask a server on this machine whether it is ready.
package enum HTTPProbe {
    /// The status code of the answer; nil where there was none within `limit`.
    package static func status(port: Int, path: String, within limit: Duration = .seconds(1)) async throws -> Int? {
        let answer = OneTimeValue<Int?>()
        BlockingThread.start { answer.set(ask(port: port, path: path, within: limit)) }
        return try await answer.wait()
    }

    private static func ask(port: Int, path: String, within limit: Duration) -> Int? {
        var response: [UInt8] = []
        let isComplete = LoopbackPort.withSocket(port: port) { descriptor, address, length in
            let (seconds, attoseconds) = limit.components
            var timeout = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
            let size = socklen_t(MemoryLayout<timeval>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
            guard connect(descriptor, address, length) == 0 else { return false }
            let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
            SpawnedProgram.send(request, to: descriptor)
            // The status line is all that is wanted: "HTTP/1.1 200".
            var buffer = [UInt8](repeating: 0, count: 1_024)
            while response.count < 12 {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { return false }
                response.append(contentsOf: buffer[..<count])
            }
            return true
        }
        guard isComplete else { return nil }
        return Int(String(decoding: response[9..<12], as: UTF8.self))
    }
}
