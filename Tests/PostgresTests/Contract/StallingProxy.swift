import Glibc
import Synchronization

@testable import Postgres

/// Stands between clients and a server, and can stop forwarding: both sides keep an open connection from which nothing
/// comes any more, and new ones are accepted and lead nowhere. It can cut connections, too.
final class StallingProxy: Sendable {
    /// Both ends of one connection; the descriptors are open as long as it is among `links`.
    private struct Link {
        let server: Int32
        /// How many of its two threads have not ended.
        var directions = 2
    }

    private struct Protected {
        /// By the client's descriptor.
        var links: [Int32: Link] = [:]
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

    /// Ends all connections, towards both sides.
    func cut() {
        protected.withLock { protected in
            for (client, link) in protected.links {
                shutdown(client, Int32(SHUT_RDWR))
                shutdown(link.server, Int32(SHUT_RDWR))
            }
        }
    }

    private func end(_ listener: SilentListener) {
        protected.withLock { $0.isEnding = true }
        listener.shutDown()
        cut()
        while protected.withLock({ $0.threads }) > 0 { threadEnded.wait() }
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        protected.withLock { $0.threads += 1 }
        Thread.start(name: "stalling-proxy") { [self] in
            body()
            protected.withLock { $0.threads -= 1 }
            threadEnded.signal()
        }
    }

    private func accept(_ listener: SilentListener) {
        while let client = listener.accept() {
            let server = SilentListener.connect(to: target)
            protected.withLock { $0.links[client] = Link(server: server) }
            start { [self] in
                forward(from: client, to: server)
                leave(client)
            }
            start { [self] in
                forward(from: server, to: client)
                leave(client)
            }
            if protected.withLock({ $0.isEnding }) { return cut() }
        }
    }

    /// One direction has ended.
    private func leave(_ client: Int32) {
        protected.withLock { protected in
            guard let link = protected.links[client] else { return }
            protected.links[client]?.directions -= 1
            guard link.directions == 1 else { return }
            protected.links[client] = nil
            close(client)
            close(link.server)
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
