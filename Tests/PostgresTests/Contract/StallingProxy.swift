import Glibc
import Synchronization

@testable import Postgres

/// Stands between clients and a server, and can stop forwarding: both sides keep an open connection from which nothing
/// comes any more, and new ones are accepted and lead nowhere.
final class StallingProxy: Sendable {
    private struct Protected {
        var descriptors: [Int32] = []
        var isStalled = false
        var isEnding = false
        var threads = 0
    }

    private let target: Int
    private let protected = Mutex(Protected())
    private let threadEnded = Semaphore()

    private init(target: Int) {
        self.target = target
    }

    /// Forwards to the port `target` until `body` returns; `body` gets the proxy and its port.
    static func run<R>(to target: Int, _ body: (StallingProxy, Int) async throws -> R) async throws -> R {
        let proxy = StallingProxy(target: target)
        let listener = try SilentListener()
        proxy.start { proxy.accept(listener) }
        defer { proxy.end(listener) }
        return try await body(proxy, Int(listener.port))
    }

    func stall() {
        protected.withLock { $0.isStalled = true }
    }

    /// New connections lead to the server again. One of which something was lost stays as it is.
    func resume() {
        protected.withLock { $0.isStalled = false }
    }

    private func end(_ listener: SilentListener) {
        let descriptors = protected.withLock { protected in
            protected.isStalled = true
            protected.isEnding = true
            return protected.descriptors
        }
        listener.shutDown()
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
        for _ in 0..<protected.withLock({ $0.threads }) { threadEnded.wait() }
        for descriptor in protected.withLock({ $0.descriptors }) { close(descriptor) }
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        protected.withLock { $0.threads += 1 }
        Thread.start(name: "stalling-proxy") { [self] in
            body()
            threadEnded.signal()
        }
    }

    private func accept(_ listener: SilentListener) {
        while let client = listener.accept() {
            let server = SilentListener.connect(to: target)
            let isWelcome = protected.withLock { protected in
                protected.descriptors += [client, server]
                return !protected.isEnding
            }
            guard isWelcome else { return }
            start { [self] in forward(from: client, to: server) }
            start { [self] in forward(from: server, to: client) }
        }
    }

    private func forward(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var isLossy = false
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            // What comes while it is stalled disappears.
            isLossy = isLossy || protected.withLock { $0.isStalled }
            if isLossy { continue }
            guard send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        // Stalled, it does not tell one side that the other has gone.
        if !isLossy, !protected.withLock({ $0.isStalled }) { shutdown(target, Int32(SHUT_RDWR)) }
    }
}
